"""Files that survive a crash and a power cut; both processes write them.

- The *resume directory* is the set of files that the supervisor and its engine share.
- A *durable* write is a temporary file, fsync, rename, and fsync of the directory; a *group* shares one commit.
- The *recycler* overwrites replaced files, which costs a journal less than new ones do.
- *Integrity* is which bytes can be trusted, by their checksums.
"""
