"""`torrentcreator`: makes torrents of files in the download roots.

- A *task* is a job of Ouzel with what the client asked for. Tasks are forgotten when the gateway ends.
- A task that Ouzel refuses has failed from the beginning, as in qBittorrent.
"""
