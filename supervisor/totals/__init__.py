"""Lifetime transfer totals of torrents and the session, and their durations.

- *Totals* are counted from the engine's reports; the *totals store* reads and writes their files, in shards.
- The *totals keeper* loads the totals at the start, and saves them when they have changed.
"""
