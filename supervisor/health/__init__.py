"""Current problems, by component and subject, as `health` and `health_changed` report them.

- *Health* keeps the problems and gives the status; the *health reporter* takes them in and publishes changes.
- *Torrent troubles* are torrents in error or in quarantine, counted by cause; *failing trackers* are counted likewise;
  the *torrents' reporter* reports both.
- *Listening* is whether the session listens where it was told to.
"""
