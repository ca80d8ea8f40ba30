"""Moves of torrents' files during which processes are killed."""
