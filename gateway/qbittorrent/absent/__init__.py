"""`rss`, `search` and SSL torrents, which Ouzel does not have: the answers of a qBittorrent that does not use them.

- Reads are empty.
- What would add a feed, a rule or a plugin is refused with 409, so that no client believes it was done.
- What names something unknown is answered as qBittorrent answers for unknown names.
"""
