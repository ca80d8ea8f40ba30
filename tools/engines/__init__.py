"""Engines that die, hang, or send too many events on purpose, and a daemon to run them.

- A *failpoint* defines where and how the engine fails. Tests and benchmarks arm a failpoint by a file.
- A *crash* is a real way in which a process with native code dies or hangs.
- In an *outbreak*, a daemon has some torrents that crash each engine that loads them.
"""
