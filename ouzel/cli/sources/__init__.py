"""What `ouzel add` is given, and how it is opened.

- A *source* is a link, an info-hash, a URL, a file, a directory or standard input.
- *Gathering* opens sources one by one; *fetching* gets a .torrent file by http, within bounds.
"""
