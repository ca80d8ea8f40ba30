"""Formats and helpers that Ouzel's processes share with each other and with the clients.

- `text`: checks and conversions of texts: patterns, peer addresses, redaction, UTF-8.
- `wire`: the public wire protocol: commands, their results, events, errors, and their encoding.
- `internal`: the private link and the shared memory between the supervisor and its engine.
- `durable`: the files in the resume directory, which survive a crash.
- `host`: functions of the operating system: paths, mounts, private directories, the UTF-8 locale.

No module here imports asyncio, a socket library or libtorrent. `internal` imports `durable`. Both import `wire` and
`host`. `wire` and `host` do not import each other. All of them import `text`.
"""
