"""Threads, background tasks and locks.

- *Background* tasks are restarted after errors. Their errors do not end the service.
- *Threads* run calls that a hung disk can block. These calls do not block the loop or the end of the process.
- *Shared calls* are calls in threads whose result several tasks share.
- *Keyed locks* are one lock for each key that is held or waited for.
"""
