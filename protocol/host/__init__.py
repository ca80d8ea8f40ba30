"""What is asked of the operating system in the same way by all processes.

- *Mounts* are the file systems and where they are mounted; a *place* is the very directory that is at a path now.
- A *real path* is where a path leads once symbolic links are resolved.
- A *private directory* is one that nobody else can change, at a path that nobody else can lead elsewhere.
- The *standard streams* are descriptors 0, 1 and 2; *UTF-8* is the encoding of file names in any locale.
"""
