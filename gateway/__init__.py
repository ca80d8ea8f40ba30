"""The gateway: HTTP interfaces of other BitTorrent programs, on top of a running daemon.

- A *face* is one HTTP interface. The faces are `qbittorrent`, `transmission` and `page`.
- The daemon or the engine is *away* while it does not answer.
- `mirror` has a copy of the daemon's state. Faces answer reads from this copy, also while the daemon is away.
- `daemon` sends commands to the daemon, and translates its errors.
- `store` keeps data that the daemon does not have, such as preferences of an interface.
- `access` decides who may send requests.
- `web` has the HTTP server, and functions for requests and responses.
- `fetching` downloads .torrent files.

The gateway is a client of the daemon, and uses Ouzel's protocol. The daemon does not depend on the gateway.
"""
