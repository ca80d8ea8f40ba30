"""The engine process: one libtorrent session and one event loop.

- `libtorrent_adapter`: the implementation of the session port. Only this package imports libtorrent.
- `session`: the *session port*, which is the interface to libtorrent.
- `events`: the translation of alerts to events for the supervisor.
- `torrents`: applies the supervisor's commands about torrents.
- `trackers`: the timing of announces, and the status of trackers.
- `watches`: find torrents that make no progress, for example because of corrupt data.
- `ip_filter`: reads a file of blocked addresses.
- `files`: a torrent's files, and their selection.
- `resume`: fast-resume data, and the search for pieces on disk that the data lacks.
- `storage`: mounts and disks, torrents that wait for a disk, and path confinement.
- `process`: the log, the parent process, mailboxes between threads, the sandbox.
- The *settings watch* applies the session's settings, and later compares them with libtorrent's. The *DHT keeper*
  stores the state of the DHT.
- The *engine* owns the sockets and the event loop, and performs the decisions of the pure modules. *Running* has the
  session and all parts that use the session. The first `Configure` creates *Running*.
- `describe` is a short-lived process that reads stored records. `judge` is a short-lived process that validates a
  configuration.

The process may die at any instruction. Its successor restores all state from the disk and the supervisor.
"""
