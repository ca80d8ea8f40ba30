"""Fast-resume data, and the search for pieces on disk that it lacks.

- The *resume policy* decides when fast-resume data is saved; the *resume store* writes it durably, by a thread;
  *reading ahead* loads files that are needed soon by another one.
- The *rehasher* looks for *pieces* that resume data lacks, and verifies their hash as *proof*.
- The *part file* has libtorrent's data of unwanted files; *piece layers* have the hashes of v2 pieces.
"""
