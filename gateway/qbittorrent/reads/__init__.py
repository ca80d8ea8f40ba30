"""The reads of `torrents`.

- The *list* (`torrents/info`) comes from the book. A *query* selects, sorts and cuts it.
- *Details* are what the daemon is asked for, such as files. The last answers are kept for the time it is away.
"""
