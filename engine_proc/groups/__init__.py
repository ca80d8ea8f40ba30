"""Bandwidth groups: the torrents of a group share its rate limits.

- The *share* of a torrent is its part of the group's limit. It is a limit of the torrent, beside the torrent's own.
- An *active* torrent has peers. Only active torrents have shares.
- A *hungry* torrent uses its share up, so it may want more.
"""
