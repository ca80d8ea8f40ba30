"""Translates libtorrent's alerts into events, and sends the events to the supervisor at a limited rate.

- The *translator* turns alerts into engine events, and into *orders*, which the loop executes next. *Metadata events*
  are sent once a torrent's files are known. *Progress* is the public progress of a torrent.
- The *outbox* queues events to the supervisor. The *coalescer* limits progress to ten events a second for each torrent.
- *Statistics* are the session's rates. The *update schedule* decides when libtorrent is asked for changed torrents.
"""
