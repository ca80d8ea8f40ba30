"""Mounts and disks, what waits for them, and which paths are out of bounds.

- The *storage watch* looks at mounts and disks, by threads, so that a hung disk hangs nobody else.
- The *storage policy* decides what waits for them; the *storage guard* keeps count of who does.
- *Confinement* judges by the disk which paths lead out of the *bounds* of payload.
- *Leftovers* are what is on the disk still of a torrent whose files were deleted.
"""
