"""The detection of torrents that crash the engine, and their quarantine.

- A *case* is the evidence about crashes so far. *Poison* is the pure machine that searches for the cause.
- *Blame* decides whether a torrent can be the cause of a death.
- The *isolation* performs the machine's decisions. It holds suspects back, and quarantines convicted torrents.
"""
