"""Threads, background tasks and locks.

- *Background* tasks are restarted after errors. Their errors do not end the service.
- *Threads* run calls that a hung disk can block. They block neither the loop nor the end of the process.
- *Keyed locks* are one lock for each key that is held or waited for.
"""
