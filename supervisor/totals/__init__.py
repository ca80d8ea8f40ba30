"""What torrents and the session have moved over their lives, and for how long.

- *Totals* are counted from what engines say; the *totals store* has them on disk, in shards.
- The *totals keeper* has them read at the start, and saved when they have changed.
"""
