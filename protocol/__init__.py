"""Formats and helpers that Ouzel's processes share with each other and with the clients.

- `text`: checks and conversions of texts: patterns, peer addresses, redaction, UTF-8.
- `wire`: the public wire protocol: commands, their results, events, errors, and their encoding.
- `internal`: what only the supervisor and its engine use: the private link and shared memory.
- `durable`: files that survive a crash: the resume directory, how files in it are written, and their checksums.
- `host`: functions of the operating system: paths, mounts, private directories, the UTF-8 locale.

No module here imports asyncio, a socket library or libtorrent. `internal` imports `durable`. Both import `wire` and
`host`, which do not import each other. All import `text`.
"""
