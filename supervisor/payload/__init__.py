"""The files of torrents, and the download roots that they are in.

- *Places* index the paths of torrents; *shared files* are used by several torrents.
- The *file watch* detects missing and truncated files of complete torrents.
- The *root watch* checks whether the roots can be written; *root health* is the problem's text for `health`.
"""
