"""The endpoints of `transfer` and `log`. They are about the whole service.

- `transfer` has the rates, limits and bans of the session.
- `log` has the journal of the mirror, in the form of qBittorrent.
"""
