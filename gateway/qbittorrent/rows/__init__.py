"""The rows of torrents in qBittorrent's form. Pure.

- A *row* has all fields of `torrents/info` in version 5.1.4.
- A *state* is a name of qBittorrent for the state of a torrent, such as `stalledUP`.
- A *clock field* changes all the time, such as `seeding_time`. It is set when an answer is made.
"""
