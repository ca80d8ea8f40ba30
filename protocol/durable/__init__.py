"""Files that survive a crash and a power cut. The supervisor and the engine both write such files.

- The *resume directory* is the set of files that the supervisor and its engine share.
- A *durable* write is a temporary file, fsync, rename, and fsync of the directory; a *group* shares one commit.
- The *recycler* overwrites replaced files, which is cheaper in a journaling file system than making new ones.
- *Integrity* checks compare the content of files with checksums.
"""
