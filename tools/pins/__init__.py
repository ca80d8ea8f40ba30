"""The pinned dependencies of Ouzel: every package by name, version and hashes.

- A *pin* is a line `name==version` in constraints.txt, which people write.
- A *lock* is a pin with hashes: those of all files that the registry has for that version, for every platform and
  Python. requirements.txt has the locks for running and building Ouzel. requirements-dev.txt has the further locks for
  testing. `scripts/pins` generates both files. A test checks offline whether they agree with the pins.
"""
