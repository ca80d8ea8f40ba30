"""Runs the test suite of the Python package qbittorrent-api against the gateway.

The command is `scripts/interop --only qbittorrent-api`.

- The *suite* is installed from the package's source archive, in a virtual environment of its own.
- A *target* is a server that the suite tests: the gateway before a daemon, or qbittorrent-nox.
- The *place* is a network without other machines, with an empty `/tmp` and a read-only `/etc`.
- Tests are *left out* by an explicit list, each with a reason.
"""
