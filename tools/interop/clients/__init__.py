"""Programs that people use with qBittorrent or Transmission, with a real daemon, gateway and seed.

- A *play* is a fixed series of *steps* of one program. Each step is checked for its effect in the daemon or on disk.
- The *stage* is what a play needs: a daemon, its gateway, a seed and a tracker. Each play has a new stage.
- The folder *real* has programs of Debian and PyPI. An *environment* is the venv of a program of PyPI.
- The folder *played* is for programs that cannot be installed here. It sends the requests of these programs.
"""
