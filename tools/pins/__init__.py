"""The pinned dependencies of Ouzel: every package by name, version and hashes.

- A *pin* is a line `name==version` in constraints.txt. People write this file.
- A *lock* is a pin with the hashes of all files of that version in the registry. The files are for every platform and
  Python. requirements.txt has the locks for running and building Ouzel. requirements-dev.txt has the locks that only
  tests need. `scripts/pins` generates both files. A test checks offline whether they agree with the pins.
"""
