"""The commands by which torrents come and go.

*Uploads* collect .torrent files that are larger than a frame. *Addresses* are the trackers and web seeds of a torrent;
addresses of duplicates are merged.
"""
