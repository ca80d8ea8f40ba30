"""A torrent's files, their names, and which of them are wanted.

- The *selection* gives each file its priority, from rules and explicit priorities; *globs* are the rules' patterns.
- The *selector* evaluates it, on a thread if that takes long.
- *Selected bytes* are the bytes on disk of the selected files, from the complete pieces.
- *Own paths* are the torrent's own names of its files; a *magnet link* may have its name and a selection.
"""
