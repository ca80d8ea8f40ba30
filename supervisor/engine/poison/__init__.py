"""The detection of torrents that crash the engine, and their quarantine.

- A *case* is what was found out about crashes so far; *poison* is the pure machine over it.
- *Blame* says whether a death can be a torrent's fault.
- The *isolation* acts: it withholds suspects from the engine, and has the convicted quarantined.
"""
