"""Engines that misbehave on purpose, and a daemon to run them: they die, hang, or send more events than a real one.

- A *failpoint* defines where and how the engine fails; tests and benchmarks arm it by a file.
- A *crash* is a real way in which a process with native code dies or hangs.
- In an *outbreak*, a daemon has some torrents that crash each engine that loads them.
"""
