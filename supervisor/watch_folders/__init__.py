"""Watch folders: .torrent and .magnet files that appear in a folder are added, and renamed.

- A *pending file* is a file that is not added yet: it may still be being written, or an attempt failed and is repeated.
- A file that was added gets the suffix `.added`. One that cannot be added gets `.invalid`, and a text file with the
  reason beside it.
"""
