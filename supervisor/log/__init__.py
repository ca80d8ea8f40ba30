"""The log, on stderr: lines for people or JSON. It never waits or raises.

- The *form* is how lines look; the *writer* is a thread with a bounded queue; *standard error* is where they go.
- A *line budget* is how many lines of one name there may be.
- *Lost lines* are those of the engine that were dropped; a *short name* is a torrent's name as lines show it.
"""
