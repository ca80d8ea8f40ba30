"""The qBittorrent Web API, as version 5.1.4 (API 2.11.4) has it.

- Each module of handlers has the routes of one group of the API, such as `torrents`.
- A *row* is a torrent as `torrents/info` shows it.
"""
