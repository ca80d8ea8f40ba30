"""`many`: thousands of idle seeds in one service: what they cost, and how fast all are back.

- `many` is the command.
- `seeds` makes the torrents.
- `measure` has one function for each measurement.
- `outcome` holds all measurements, and compares them with the goals.
"""
