"""Stores the gateway's own durable state in an SQLite file.

- Some interfaces identify a torrent by an integer. The store gives each torrent a *number*. The number never changes,
  and no other torrent gets the same number.
- A *value* has a name and is JSON, such as the preferences of one interface.
"""
