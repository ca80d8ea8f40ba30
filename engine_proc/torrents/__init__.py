"""What engine commands ask of torrents, carried out and confirmed.

- The *dispatcher* takes commands, alerts and decisions, and says when libtorrent has confirmed what was asked for.
- A *record* is what it knows of one torrent: its *state* (a table of *transitions*), and what is *pending*.
- The *applier* makes a torrent be as desired, by steps; the *remover*, *selections*, *rechecker* and *verifier* do a
  part of that.
- *Absences* are torrents that are not loaded: why, and what they wait for.
- `loading`: the way of a torrent from what is stored of it into the session.
- *Reconciling* compares desired and applied state and gives the *steps* from one to the other; the *audit* says when.
- The *saver* has resume data made and stored, and drains at the end.
- The *readback* compares what is in force with what was asked for.
"""
