"""The timing of announces, and the answers of trackers.

- The *announce pacer* decides when torrents announce themselves; until then their trackers are *held* back.
- An *announce entry* is what libtorrent says of one tracker of a torrent.
- The *tracker book* keeps what trackers said, on each *leg*: an address listened on, a kind of info-hash.
- *Tracker news* is what the book has to tell; it goes with the next heartbeat.
"""
