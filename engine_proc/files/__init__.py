"""Which files a torrent has, what they are called, and which of them are wanted.

- The *selection* gives each file its priority, from rules and explicit priorities; *globs* are the rules' patterns.
- The *selector* applies it, on a thread where that takes long.
- *Selected bytes* are what the pieces that are there come to in the selected files.
- *Own paths* are what the torrent itself calls its files; a *magnet link* may name it and say which files.
"""
