"""`transfer` and `log`: the service as a whole.

- *Transfer* is the session's rates, limits and bans.
- The *log* is the journal of the mirror, in qBittorrent's form.
"""
