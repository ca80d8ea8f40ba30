"""Watches: they find torrents that get no further although libtorrent reports no error that stops them.

- A *failure* is a piece, or a copy of the metadata, that failed its hash check. The *failure book* counts them.
- A torrent is *stuck* if its check, or its search for metadata, has not moved for ten minutes.
- The network thread *spins* if it uses a core although hardly any payload is transferred.
- The *watches* receive alerts, and report with each heartbeat.
"""
