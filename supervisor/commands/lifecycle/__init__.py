"""The commands by which torrents come and go.

Torrents are added, removed, restored from damaged records, and released from quarantine. *Uploads* collect
.torrent files that are larger than a frame. *Addresses* of duplicates are merged.
"""
