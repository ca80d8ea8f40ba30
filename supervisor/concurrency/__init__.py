"""Threads, background tasks and locks.

- *Background* tasks are restarted after errors, and none of them ends the service.
- *Threads* make calls that a hung disk can block; nobody has to wait for them.
- *Keyed locks* are one lock for each key that is held or waited for.
"""
