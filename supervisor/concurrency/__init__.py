"""Threads, background tasks and locks.

- *Background* tasks are restarted after errors, and none of them ends the service.
- *Threads* run calls that a hung disk can block. They block neither the loop nor the end of the process.
- *Keyed locks* are one lock for each key that is held or waited for.
"""
