"""The face `qbittorrent`: the Web API of qBittorrent 5.1.4 (API 2.11.4).

- Each module of handlers has the routes of one group of the API, such as `torrents`.
- A *row* is a torrent as `torrents/info` shows it.
"""
