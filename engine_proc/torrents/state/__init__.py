"""The state of each torrent in the engine, and what is to be done about it. Pure.

A *record* has a torrent's state; the *transitions* are one table. *Reconciling* compares the applied state with the
desired state. The *audit* decides when that is repeated.
"""
