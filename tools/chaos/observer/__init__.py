"""Observes a run from outside: samples of processes, probes, and the state at checkpoints.

A *sample* has the daemon's processes at one moment. A *probe* compares `health` with the outcome of a mutation. A
*checkpoint* has the state of daemon and disk while nothing is in progress.
"""
