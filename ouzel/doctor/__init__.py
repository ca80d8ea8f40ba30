"""`ouzel doctor`: examines the machine, the configuration and the daemon, and says what to do.

- A *target* is the daemon that is examined: its paths, its process, and its answers. The daemon may be stopped or hung.
- A *check* is a function that examines the target. The table in `all_checks` registers each check once.
- A *finding* is one result of a check: a status, what was seen, and a remedy.

No check modifies anything. Each check runs in a thread of its own, so a hung disk delays no other check.
"""
