"""The gateway: HTTP interfaces of other BitTorrent programs, on top of a running daemon.

- A *face* is one interface: `qbittorrent`, `transmission` and `page`.
- `mirror` has a copy of the daemon's state, from which faces answer reads, also while the engine or the daemon is away.
- `daemon` sends commands and translates failures. `store` keeps what the daemon does not know.
- `access` decides who may send requests. `web` has what all faces need of HTTP. `fetching` downloads torrent files.

The gateway is a client of the wire. The daemon does not know it.
"""
