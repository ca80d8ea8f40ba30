"""The sources that are given to `ouzel add`, and how they are opened.

- A *source* is a link, an info-hash, a URL, a file, a directory or standard input.
- *Gathering* opens sources one by one. *Fetching* downloads a .torrent file by http, with limits.
"""
