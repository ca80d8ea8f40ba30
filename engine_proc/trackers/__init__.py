"""The timing of announces, and the status of trackers.

- The *announce pacer* decides when torrents may announce. Until then their trackers are *held*: libtorrent does not
  have them.
- An *announce entry* is libtorrent's state of one tracker of a torrent.
- The *tracker book* stores the answers of trackers for each *leg*: a listening address and a version of the info-hash.
- *Tracker news* are changes to report, which are sent with the next heartbeat.
"""
