"""Watch folders: .torrent and .magnet files that appear in a folder are added, and renamed.

- A *pending file* is one that is not added yet: it may still be written, or be tried again later.
- A file that was added gets the suffix `.added`. One that cannot be added gets `.invalid`, and a text file with the
  reason beside it.
"""
