"""The rows of torrents in qBittorrent's form. Pure.

- A *row* has every field that `torrents/info` has in version 5.1.4.
- A *state* is one of qBittorrent's names, such as `stalledUP`.
- A *clock field* changes as time passes, such as `seeding_time`. It is set when an answer is made.
"""
