"""Engines, and a daemon to run them, that fail on purpose: they die, hang, or say more than any real one.

- A *failpoint* is where and how the engine fails; tests and benchmarks arm it by a file.
- A *crash* is a true way in which a process that holds native code ends or stops.
- An *outbreak* is a daemon with torrents of which some crash the engine that loads them.
"""
