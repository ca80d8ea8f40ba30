"""Moves the files of a torrent that is not loaded: to another save path, or to other names.

- A *plan* has the source and the final path of each file.
- *Staging*: each file is linked or copied into a directory of its own below the new save path. The source is unchanged.
- *Placing*: the staged files get their final names, then the originals are deleted.
- *Undoing*: what was staged is deleted.
- Each of the three can be repeated after a crash at any moment. ADR 051 has the table.
"""
