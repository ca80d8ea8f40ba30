"""Moves of torrents' files, to another save path or to other names.

- *Moves* accepts the commands, and stores the engine's reports about moves.
- *Relocating* changes a save path, if the files are at the new path already.
- The *preflight* checks on disk whether a move is possible. It runs in a thread.
- *New paths* of renamed files are computed and checked without a disk.
"""
