"""Copies of libtorrent's alerts, which are valid only until the next ones are taken from the session.

The *inbox* has copies that the engine has not handled yet. Copying needs the *status* of a torrent, the *problem* in an
error, and the *failures* of pieces that an alert alone does not tell.
"""
