"""The libtorrent calls of helper processes that give out torrents.

An *exported* torrent is the .torrent file and the magnet link of a torrent that Ouzel has.
"""
