"""The endpoints of `torrentcreator`. They make torrents of files in the download roots.

- A *task* is a job of the daemon, together with the parameters of the client's request. All tasks end with the gateway.
- If the daemon refuses a job, the task exists and has failed, as in qBittorrent.
"""
