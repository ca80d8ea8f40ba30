"""The libtorrent calls of the helper processes that export and create torrents.

An *exported* torrent is the .torrent file and the magnet link of one of Ouzel's torrents. A *created* torrent is made
of files on disk.
"""
