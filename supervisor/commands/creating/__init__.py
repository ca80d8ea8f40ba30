"""Makes torrents of files on disk.

- A *job* makes one torrent. The *job book* has all jobs, and decides which is next.
- The *job runner* carries out the jobs, one after the other, each by a process of its own (the hasher).
- *Creating* handles the commands: it checks the arguments, and adds torrents that are to be seeded.
"""
