"""Copies libtorrent's alerts, because the originals are valid only until the next `pop_alerts`.

The *inbox* has copies that the engine has not handled yet. The other modules copy parts of alerts:

- the *status* of a torrent;
- the *problem* in an error;
- the *failures* of pieces;
- *resume data*.
"""
