"""The way of a torrent from what is stored of it into the session.

- *Judged sources* are .torrent files that were parsed, and are about to be added.
- The *finder* reads what is stored of a torrent, and sorts out what cannot be trusted.
- The *loader* knows where on this way a torrent is.
"""
