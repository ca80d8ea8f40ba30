"""`many`: the costs of thousands of idle seeds in one service, and the time until all are restored.

- `many` is the command.
- `seeds` makes the torrents.
- `measure` has one function for each measurement.
- `outcome` holds all measurements, and compares them with the goals.
"""
