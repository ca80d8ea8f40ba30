"""Executes engine commands about torrents, and confirms them.

- The *dispatcher* handles commands, alerts and decisions, and reports when libtorrent has confirmed a command.
- A *record* of a torrent has its *state* (see the table of *transitions*), and pending operations.
- The *applier* changes torrents to their desired state, in steps. The *remover*, *selections*, *rechecker* and
  *verifier* each do a part of that.
- *Absences* are torrents that are not loaded, with the reason and what they wait for.
- `loading`: loads a torrent from its stored data into the session.
- *Reconciliation* compares the applied with the desired state, and returns the *steps* from one to the other. The
  *audit* decides when loaded torrents are compared.
- The *saver* requests and stores resume data, and performs the drain.
- The *readback* reports differences between the values in force and the desired ones.
"""
