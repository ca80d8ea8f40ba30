"""Results about the work of the supervisor itself.

- A *metric* is a number that a monitoring system reads again and again.
- A *counter* only grows. It begins at 0 with each supervisor.
"""
