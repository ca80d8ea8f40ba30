"""Fast-resume data, and the search for pieces on disk that are missing in it.

- The *resume policy* decides when fast-resume data is saved. The *resume store* writes it durably on a thread. *Reading
  ahead* loads files that are needed soon on another thread.
- The *rehasher* looks for *pieces* on disk that are missing in resume data, and verifies them by their hash (*proof*).
- *Foreign* resume data is that of another client. Its claims are compared with the disk.
- The *part file* is libtorrent's file for data of unselected files. *Piece layers* have the hashes of v2 pieces.
"""
