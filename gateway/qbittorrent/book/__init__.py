"""What changed, and when. All sessions share one book, so a session costs only a few numbers. Pure.

- A *revision* is incremented with each update that changes something.
- A *ledger* keeps maps by key, and for each of their fields the revision in which it last changed.
- The *book* has the rows of all torrents, and ledgers for everything else that `sync/maindata` sends.
"""
