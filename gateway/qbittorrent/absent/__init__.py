"""`rss` and `search`, which Ouzel does not have: the answers of a qBittorrent without feeds and plugins.

- Reads are empty.
- What would add a feed, a rule or a plugin is refused with 409, so that no client believes it was done.
- What names something unknown is answered as qBittorrent answers for unknown names.
"""
