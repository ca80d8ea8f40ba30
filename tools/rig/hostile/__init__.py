"""Torrents that no honest program makes, and what becomes of their names on the disk."""
