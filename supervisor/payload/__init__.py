"""The files of torrents, and the download roots that they are in.

- *Places* index where torrents lie; *shared files* are those that several torrents have.
- The *file watch* notices that files of complete torrents are gone or shorter.
- The *root watch* finds out whether torrents can be stored in the roots; *root health* words it for `health`.
"""
