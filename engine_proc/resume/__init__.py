"""Fast-resume data, and the search for pieces on disk that are missing in this data.

- The *resume policy* decides when fast-resume data is saved. The *resume store* writes this data durably on a thread.
  *Reading ahead* reads files on another thread before they are needed.
- The *rehasher* looks for *pieces* on disk that are missing in resume data. It verifies the pieces by their hash
  (*proof*).
- *Foreign* resume data is resume data of another client. The rehasher compares its claims with the disk.
- The *part file* is libtorrent's file for data of unselected files. *Piece layers* have the hashes of v2 pieces.
"""
