"""The torrents of the engine: restore, observed state, and waiting requests.

- The *snapshot* is the observed state, the latest that an engine told; all reads are answered from it.
- The *observer* takes in what the engine says, *readings* what it is asked for; *waiters* wait for confirmations.
- *Own torrents* are those of the slot. *Restoring* is giving a new engine its torrents; the *restorer* does it, a few
  at a time.
- The *merger* makes one of records that are of one torrent; the *metadata keeper* has records say what torrents are.
- A *hindrance* is why a torrent does not move; *trackers* is what each tracker of every torrent has said last; the
  *ETA* is when a download will be complete.
"""
