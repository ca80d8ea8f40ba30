"""Watches: they find torrents that get no further although libtorrent reports no error that stops them.

- A *failure* is a piece, or a copy of the metadata, that failed its hash check. The *failure book* counts them.
- The *watches* receive alerts, and report with each heartbeat.
"""
