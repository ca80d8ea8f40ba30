"""Current problems, by component and subject, as `health` and `health_changed` report them.

- *Health* stores the problems and derives the status; the *health reporter* receives problems and publishes changes.
- *Torrent troubles* are torrents in error or in quarantine, counted by cause; *failing trackers* are counted likewise.
- *Listening* compares the ports that the session listens on with the configured ones.
"""
