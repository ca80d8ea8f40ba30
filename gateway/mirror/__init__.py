"""The gateway's copy of the daemon's state.

- The *mirror* has all torrents. For each torrent it has the revision in which the torrent last changed. It is pure.
- *Facts* are fields of a torrent that its row does not have. Facts rarely change.
- The *follower* keeps the mirror up to date. It reads the event stream, and requests data that events do not have.
"""
