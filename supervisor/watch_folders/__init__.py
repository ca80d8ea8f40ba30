"""Watch folders: .torrent and .magnet files in a folder are added, and renamed.

- A *pending file* is not added yet. It may be incomplete, or an attempt has failed and is repeated.
- An added file gets the suffix `.added`. If a file cannot be added, it gets the suffix `.invalid`. A text file has the
  reason.
"""
