"""The torrents of the engine: restore, observed state, and waiting requests.

- The *snapshot* is the latest observed state. All reads are answered from the snapshot.
- The *observer* applies the engine's events to the snapshot. The *readings* apply the engine's answers.
- *Waiters* are requests that wait for a confirmation.
- *Packed files* are the files of a torrent in a compact form.
- *Own torrents* are the slot's torrents. The *restorer* sends them to a new engine in steps. This is a *restore*.
- The *merger* merges records of one torrent. The *metadata keeper* stores metadata in records.
- A *hindrance* is the reason why a torrent makes no progress.
"""
