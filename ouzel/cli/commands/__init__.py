"""The commands: each reads its arguments, sends requests to the daemon, and prints the result.

- *Views* only show something. *Changes* change torrents. *Additions* add torrents.
- *Bans* ban the addresses of peers. *Crashes*, *damaged* and *keys* are groups of commands.
"""
