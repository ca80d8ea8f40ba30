"""The commands about the log.

- *Log reads* return recent lines of the log, and the levels of its components.
- *Log edits* change the levels.
"""
