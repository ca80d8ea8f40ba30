"""`app`: the application itself: versions, preferences, directories and interfaces of the machine.

- The *identity* is the version of qBittorrent whose API this is.
- *Cookies* are what qBittorrent sends to web sites when it fetches torrents. Here they are only kept.
"""
