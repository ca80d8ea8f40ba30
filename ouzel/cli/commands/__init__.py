"""The commands: each reads its arguments, asks the daemon, and shows the result.

- *Views* show; *changes* change torrents; *additions* add them.
- *Crashes*, *damaged* and *keys* are groups of commands.
"""
