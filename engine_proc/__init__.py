"""The engine process: one libtorrent session, one loop, expendable.

- The *session port* (`LibtSession`) is all that Ouzel needs of libtorrent; `libtorrent_session` is its one real side
  and with its three helpers all that imports libtorrent.
- An *alert* is a native notification, copied into a frozen value inside the pump.
- The *translator* turns alerts into engine events and into *orders*, what the loop shall do next. It is pure.
- The *coalescer* holds progress back to ten a second for each torrent and never loses the last value.
- The *resume policy* decides when fast-resume data is saved; the *fast-resume store* puts it on disk.
- The *announce pacer* decides when torrents announce themselves to their trackers, which are *held back* until then.
- The *tracker book* keeps what trackers said, on each *leg*: an address listened on, a kind of info-hash.
- A *magnet link* is read for what libtorrent cannot carry; *selected bytes* are what its pieces come to in files.
- The *rehasher* looks for what resume data lacks: *candidates*, pieces that are proven by hashing, and *fragments*.
- The *dispatcher* carries out what commands ask of torrents, and says when it is confirmed; the *loader* gets a torrent
  from what is stored of it into the session.
- *Reconciling* compares desired and applied state and gives the *steps* from one to the other.
- The *storage watch* looks at mounts and disks; the *storage policy* decides what waits for them, and the *storage
  guard* keeps count of it. *Confinement* judges by the disk which paths lead out of the *bounds* of payload.
- The *engine* is the shell: it owns the sockets, the clock and the session, and performs what the pure parts decide.

The process may die at any instruction. What matters is on disk, or in the supervisor, or can be found out again.
"""
