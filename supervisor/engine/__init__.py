"""One engine: its processes, their life, what they were given and have said.

- The *engine* is the face of one slot, in which one process follows another; others use it, not the folders below.
- A *fact* is what an engine tells the others; all come out by one outlet.
- *Admission* gives it torrents, those that may be loaded; the *post-mortem* finds out about its deaths.
- `process`: one OS process, the link to it, and what it leaves when it dies.
- `life`: start, hang, restart, memory, the spare.
- `torrents`: what the engine was given, what it has said of it, and who waits for that.
- `poison`: which torrents crash it, and how they are kept away from it.

Imports run from the engine to `life` and `poison`, to `torrents`, to facts and `process`.
"""
