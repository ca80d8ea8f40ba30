"""The endpoints of `app`: versions, preferences, and the directories and network interfaces of the machine.

- The *identity* is the version of qBittorrent with this API.
- qBittorrent sends *cookies* to web sites when it fetches torrents. The gateway only stores cookies.
"""
