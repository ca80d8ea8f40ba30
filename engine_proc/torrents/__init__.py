"""What engine commands ask of torrents, carried out and confirmed.

- The *dispatcher* carries it out, and says when libtorrent has confirmed it.
- The *loader* gets a torrent from what is stored of it into the session; *judged sources* are parsed metainfo.
- *Reconciling* compares desired and applied state and gives the *steps* from one to the other; the *audit* says when.
- The *saver* has resume data made and stored, and drains at the end.
- The *readback* compares what is in force with what was asked for.
"""
