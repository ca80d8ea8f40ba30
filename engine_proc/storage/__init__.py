"""Mounts and disks, the torrents that wait for disks, and the confinement of paths.

- The *storage watch* checks mounts and disks on threads, so that a hung disk does not block the loop.
- The *storage policy* decides which torrents wait. The *storage guard* has a record of each torrent and each *mount*.
- *Free space* decides which torrents are reconsidered after a failed write, and after a measurement.
- *Questions* are pending requests to disks. A *decision* of the guard tells the dispatcher what to do with a torrent.
- *Held errors* are sent after the files of their torrents have been checked.
- *Confinement* checks on disk whether paths lead out of the *bounds* of payload.
- *Leftovers* are files of a torrent that still exist after the deletion.
"""
