"""The state of each torrent in the engine, and the steps to its desired state. Pure.

A *record* has a torrent's state; the *transitions* are one table. *Reconciliation* compares the applied state with the
desired state. The *audit* decides when to compare again.
"""
