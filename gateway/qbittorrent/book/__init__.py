"""Records changes, for `sync/maindata`. All sessions share one book, so a session stores only a few numbers. Pure.

- A *revision* is a number. Each update that changes something increments the revision.
- A *ledger* is a map. It also has, for each key, the revision in which the value last changed.
- The *book* has the rows of all torrents. It has ledgers for all other data of `sync/maindata`.
"""
