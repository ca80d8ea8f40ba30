"""The files of torrents and the download roots.

- *Places* index the paths of torrents. Several torrents use *shared files*.
- The *file watch* detects missing and truncated files of complete torrents.
- The *root watch* checks whether the roots can be written. *Root health* is the problem's text for `health`.
"""
