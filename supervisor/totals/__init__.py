"""Lifetime transfer totals of torrents and the session, and durations of torrents.

- *Totals* are counted from the engine's reports. The *totals store* reads and writes files of totals, in shards.
- The *totals keeper* loads the totals at the start, and saves changed totals.
"""
