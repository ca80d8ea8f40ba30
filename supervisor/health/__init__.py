"""Current problems, by component and subject, as `health` and `health_changed` report them.

- *Health* stores the problems and derives the status. The *health reporter* publishes changes.
- *Torrent troubles* counts torrents with problems by cause. *Failing trackers* counts torrents without a working
  tracker.
- The *torrents' reporter* reports both counts.
- *Listening* checks whether the session listens on the configured ports.
"""
