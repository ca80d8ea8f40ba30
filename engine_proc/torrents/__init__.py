"""Executes engine commands about torrents, and confirms them.

- The *dispatcher* handles commands, alerts and decisions, and reports when libtorrent has confirmed a command.
- A *record* of a torrent has its *state* (see the table of *transitions*), and pending operations.
- The *applier* changes torrents to their desired state, in steps. The *remover*, *selections* and *rechecker* each
  do a part of this work.
- `checks`: compares loaded torrents with their desired state, and verifies their files.
- *Absences* are torrents that are not loaded, with the reasons.
- `loading`: loads a torrent from its stored data into the session.
- *Reconciliation* compares the applied state with the desired state, and returns the *steps* to the desired state. The
  *audit* decides when loaded torrents are compared.
- The *saver* requests and stores resume data, and performs the drain.
- The *readback* reports differences between the values in force and the desired values.
"""
