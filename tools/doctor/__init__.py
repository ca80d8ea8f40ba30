"""Tests `ouzel doctor` with real faults: `scripts/doctor-test`.

It needs root, because it mounts file systems in a mount namespace of its own.

- A *fault* is something wrong that is made for real: a mount, a process, a file.
- A fault is *found* if the expected check reports it, and did not report the same before.
"""
