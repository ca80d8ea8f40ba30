"""Current problems, by component and subject, as `health` and `health_changed` report them.

- *Health* stores the problems and derives the status; the *health reporter* receives problems and publishes changes.
- *Torrent troubles* are torrents in error or in quarantine, counted by cause; *failing trackers* are counted likewise;
  the *torrents' reporter* reports both.
- *Listening* checks whether the session listens on the configured ports.
"""
