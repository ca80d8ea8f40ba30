"""Files that survive a crash and a power cut. The supervisor and the engine both write such files.

- The *resume directory* is the set of files that the supervisor and its engine share.
- A *durable* write has four steps: temporary file, fsync, rename, fsync of the directory. A *group* of writes shares
  one commit.
- The *recycler* overwrites replaced files. In a journaling file system that costs less than making new files.
- *Syncing* overlaps the waits for a slow disk.
- *Integrity* checks compare the content of files with checksums.
- A *directory lock* is held until all processes that inherited it have ended.
- Claims of *doubted* files in resume data are hashed before libtorrent gets them.
"""
