"""Backs up a resume directory, and restores it. Both commands work on files, and need no daemon.

- A *backup* is a tar archive. It has the files of the resume directory, a checksum of each file, and a *manifest*.
- A *snapshot* is the content of one torrent's files at one moment, while the daemon changes them.
- *Payload marks* are the sizes and the modification times of a torrent's payload when the backup was made. A restored
  torrent trusts a file only if its mark is unchanged.
- *Staging* is the directory in which a restore builds the new resume directory, before it exchanges the two
  directories.
"""
