"""Downloads torrent files from URLs that clients give.

- A URL may lead only to public addresses, unless the configuration allows others.
- Size, time and the number of redirections are limited.
"""
