"""Fast-resume data, and pieces that are on the disk though it lacks them.

- The *resume policy* decides when fast-resume data is saved; the *resume store* puts it on disk, durably, by a thread;
  *reading ahead* loads soon-wanted files by another one.
- The *rehasher* looks for *pieces* that resume data lacks, and takes a hash of them as *proof*.
- The *part file* has what libtorrent needs of unwanted files; *piece layers* hold the hashes of v2 pieces.
"""
