"""Moves the files of a torrent that is not loaded: to another save path, or to other names.

- A *plan* has the source and the final path of each file.
- *Staging* links or copies each file into a hidden directory below the new save path. The source is unchanged.
- *Placing* gives the staged files their final names, then deletes the originals.
- *Undoing* deletes the staged files.
- Each of these steps can be repeated after a crash at any moment. ADR 051 has the table.
"""
