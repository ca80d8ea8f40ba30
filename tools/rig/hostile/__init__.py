"""Torrents that no normal program makes, and checks of their names on disk."""
