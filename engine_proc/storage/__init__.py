"""Mounts and disks, what waits for them, and which paths are out of bounds.

- The *storage watch* looks at mounts and disks, by threads, so that a hung disk hangs nobody else.
- The *storage policy* decides what waits for them; the *storage guard* keeps a record of each torrent and each *mount*.
- *Questions* are those to disks that are under way; a *decision* is what the guard wants done about a torrent.
- *Held errors* wait until the files of their torrents were looked at.
- *Confinement* judges by the disk which paths lead out of the *bounds* of payload.
- *Leftovers* are what is on the disk still of a torrent whose files were deleted.
"""
