"""A torrent's files, their names, and their selection.

- The *selection* gives each file its priority, from rules and explicit priorities; *globs* are the rules' patterns.
- The *selector* evaluates a selection, on a thread if that takes long.
- *Selected bytes* are the bytes on disk of the selected files, from the complete pieces.
- The *content layout* decides whether the files are in a folder.
- *Own paths* are the paths of files in the info dictionary, which libtorrent then sanitizes. A *magnet link* may have
  the torrent's name and a selection.
"""
