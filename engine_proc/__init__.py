"""The engine process: one libtorrent session, one loop, expendable.

- `libtorrent`: the real side of the session port, and all that imports libtorrent.
- `session`: the *session port*, all that Ouzel needs of libtorrent, and the translation of its alerts.
- `torrents`: applies the supervisor's commands about torrents.
- `trackers`: the timing of announces, and the answers of trackers.
- `files`: a torrent's files, and which of them are wanted.
- `resume`: fast-resume data, and the search for pieces on disk that it lacks.
- `storage`: mounts and disks, torrents that wait for them, and path confinement.
- `process`: the log, the parent, threads' mailboxes, the sandbox.
- The *engine* is the shell: it owns the sockets and the loop. *Running* is what it has from the first `Configure` on:
  the session and the parts that work with it. It performs the decisions of the pure parts.
- `describe` and `judge` are short-lived processes: they read stored records, and validate a configuration.

The process may die at any instruction. Its state is on disk, or in the supervisor, or can be reconstructed.
"""
