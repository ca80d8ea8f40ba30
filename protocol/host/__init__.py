"""Functions of the operating system that all of Ouzel's processes use.

- *Mounts* are the mounted file systems. A *place* identifies a directory and its mount.
- A *real path* has all symbolic links resolved.
- Only root and this user can change a *private directory*, or redirect its path.
- The *standard streams* are descriptors 0, 1 and 2; *UTF-8* is the encoding of file names in any locale.
"""
