"""Tests `ouzel doctor` with real faults: `scripts/doctor-test`.

It needs root, because it mounts file systems in a mount namespace of its own.

- A *fault* is a real defect that the test makes, such as a wrong mount, process or file.
- A fault is *found* if the expected check reports the fault, and did not report the fault before it was made.
"""
