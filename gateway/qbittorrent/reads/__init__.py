"""The endpoints that read torrents.

- The *list* (`torrents/info`) is made from the book. A *query* selects and sorts the torrents of the list.
- *Details* are data that the daemon is asked for, such as files. While the daemon is away, the last answers are used.
"""
