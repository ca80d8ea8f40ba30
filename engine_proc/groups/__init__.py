"""Bandwidth groups: the torrents of a group share its rate limits.

- The *share* of a torrent is its part of the group's limit. The torrent's own limit applies, too.
- An *active* torrent has peers. Only active torrents have shares.
- A *hungry* torrent uses its whole share.
"""
