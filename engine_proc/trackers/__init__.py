"""The timing of announces, and the status of trackers.

- The *announce pacer* decides when torrents may announce. Before that, their trackers are *held*: libtorrent does not
  have these trackers.
- An *announce entry* is libtorrent's state of one tracker of a torrent.
- The *tracker book* stores the answers of trackers for each *leg*. A leg is a listening address and an info-hash
  version.
- *Tracker news* are changes to report. They are sent with the next heartbeat.
"""
