"""The daemon as the faces see it.

- The *daemon* runs calls of the wire, and reads again what they changed.
- `Unavailable` says that the daemon or its engine cannot do it now. A client should try again later.
"""
