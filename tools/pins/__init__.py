"""What Ouzel is installed with: every package by name, version and hashes.

- A *pin* is a line `name==version` of constraints.txt; people write it.
- A *lock* is a pin with the hashes of all files that the registry has of that version, for every platform and Python.
  The locks of requirements.txt are what it takes to run and to build Ouzel, those of requirements-dev.txt what else it
  takes to test. `scripts/pins` generates them, and a test says without a network whether they fit the pins.
"""
