"""Downloads torrent files from URLs that clients give.

- By default, a URL may lead only to *public* addresses. The configuration can allow all addresses.
- A *hop* is one request of a download. A redirect leads to the next hop.
- The size, the time and the number of redirects of a download are limited.
"""
