"""Downloads torrent files from URLs that clients give.

- A URL may lead only to *public* addresses, unless the configuration allows others.
- A *hop* is one request; a redirect leads to the next. Size, time and the number of redirects are limited.
"""
