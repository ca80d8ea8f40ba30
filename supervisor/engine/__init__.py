"""One engine: its process, its life, what it was given and has said.

- `process`: one OS process, the link to it, and what it leaves when it dies.
- `life`: start, hang, restart, memory, the spare.
- `torrents`: what the engine was given, what it has said of it, and who waits for that.
- `poison`: which torrents crash it, and how they are kept away from it.

Imports run from `poison` to `torrents` to `process`, and from `life` to `process`.
"""
