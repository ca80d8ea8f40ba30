"""Campaigns of kills during backups, restores and relocations.

- A *trial* runs one command, kills a process at a random moment during the command, and repeats the command.
- The *victim* is the engine, the supervisor, both, or the command itself.
- The *load* changes torrents, and remembers which changes were acknowledged.
"""
