"""The engine process: one libtorrent session, one loop, expendable.

- `native`: the real side of the session port, and all that imports libtorrent.
- `session`: the *session port*, all that Ouzel needs of libtorrent, its alerts, and what becomes of them.
- `torrents`: carries out what commands ask of torrents, from the load on.
- `trackers`: when torrents announce themselves, and what trackers have said.
- `files`: which files a torrent has, and which of them are wanted.
- `resume`: fast-resume data, and pieces that are on the disk though it lacks them.
- `storage`: mounts and disks, what waits for them, and which paths are out of bounds.
- `process`: the log, the parent, threads' mailboxes, the sandbox.
- The *engine* is the shell: it owns the sockets and the loop. *Running* is what it has from the first `Configure` on:
  the session and the parts that work with it. It performs what the pure parts decide.
- `describe` and `judge` are short-lived processes beside it, which say what it would make of records and of a
  configuration.

The process may die at any instruction. What matters is on disk, or in the supervisor, or can be found out again.
"""
