"""The timing of announces, and the answers of trackers.

- The *announce pacer* decides when torrents announce; until then their trackers are *withheld*.
- An *announce entry* is libtorrent's state of one tracker of a torrent.
- The *tracker book* has the answers of trackers on each *leg*: a listening address and a kind of info-hash.
"""
