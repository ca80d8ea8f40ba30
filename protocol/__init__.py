"""What Ouzel's processes and its clients agree on.

- `text`: the forms of texts: patterns, addresses of peers, what is redacted, what is UTF-8.
- `wire`: the public wire: commands, their results, events, errors, and how they become bytes.
- `internal`: what only the supervisor and its engine share: the private link and shared memory.
- `durable`: files that survive a crash: the resume directory, how files in it are written, and their checksums.
- `host`: what is asked of the operating system in the same way everywhere: paths, mounts, private directories, UTF-8.

Nothing here knows of asyncio, of sockets or of libtorrent. `internal` imports `durable`, and both import `wire`
and `host`, which import neither each other nor these; all import `text`.
"""
