"""Watches: they find torrents that make no progress although libtorrent reports no error.

- A *failure* is a piece, or a copy of the metadata, that failed its hash check. The *failure book* counts failures.
- A torrent is *stuck* if its check, or its search for metadata, has not moved for ten minutes.
- The network thread *spins* if it uses a core although hardly any payload is transferred.
- The *watches* receive alerts, and report with each heartbeat.
"""
