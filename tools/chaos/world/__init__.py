"""The world of a run: everything that traffic and faults act on.

The *world* has a real daemon with failpoints, a gateway, a seed behind a *relay*, and a tracker. The relay and the
tracker can be disturbed. All of them use loopback and one temporary directory.
"""
