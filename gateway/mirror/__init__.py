"""The gateway's copy of the daemon's state.

- The *mirror* has the torrents, with the revision in which each last changed. It is pure.
- *Facts* are what the row of a torrent lacks; they change rarely.
- The *follower* keeps the mirror up to date: by the event stream, and by reads of what events lack.
"""
