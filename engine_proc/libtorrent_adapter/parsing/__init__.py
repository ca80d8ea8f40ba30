"""Parses sources and resume data by calls of libtorrent.

A *source* is a magnet link or metainfo. Its *params* are libtorrent's `add_torrent_params`. Resume data has *claims*:
the pieces that resume data lists as complete.
"""
