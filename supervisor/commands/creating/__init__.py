"""Makes torrents of files on disk.

- A *job* makes one torrent. The *job book* has all jobs, and decides which is next.
- The *job runner* carries out the jobs one after the other. The *hasher* runs a separate process for each job.
- *Creating* handles the commands. It checks arguments, and adds created torrents that a client wants to seed.
"""
