"""The torrents of the engine: restore, observed state, and waiting requests.

- The *snapshot* is the latest observed state; all reads are answered from it.
- The *observer* applies the engine's events to the snapshot, and the *readings* apply its answers. Of large *answers*
  only the latest ones are kept. *Waiters* are requests that wait for a confirmation.
- *Packed files* are the files of a torrent, stored in little memory.
- *Own torrents* are those of the slot. A *restore* sends a new engine its torrents; the *restorer* does so in steps.
- The *merger* merges records of the same torrent; the *metadata keeper* stores metadata in records.
- A *hindrance* is the reason why a torrent makes no progress; *trackers* is the latest status of each tracker; the
  *ETA* is the estimated time until a download is complete.
"""
