"""Lifetime transfer totals of torrents and the session, and their durations.

- *Totals* are counted from the engine's reports; the *totals store* has them on disk, in shards.
- The *totals keeper* reads them at the start, and saves them when they have changed.
"""
