"""The daemon as the faces see it.

- A `Daemon` object sends requests to the daemon. After a change, it reads the changed torrents again.
- The error `Unavailable` says that the daemon or its engine cannot answer now. A client should try again later.
"""
