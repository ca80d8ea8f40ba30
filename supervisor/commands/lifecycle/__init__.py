"""The commands that add, remove, restore and release torrents.

*Uploads* collect .torrent files that are larger than a frame. *Addresses* are the trackers and web seeds of a torrent.
Addresses of duplicates are merged.
"""
