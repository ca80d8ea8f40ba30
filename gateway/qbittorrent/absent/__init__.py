"""Answers requests about `rss`, `search` and SSL torrents. Ouzel has none of the three.

- Reads have empty answers.
- A request to add a feed, a rule or a plugin gets 409, so that the client notices the refusal.
- A request that names a feed, rule or plugin gets the answer of qBittorrent for an unknown name.
"""
