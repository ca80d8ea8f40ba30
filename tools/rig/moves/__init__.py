"""Moves of torrents' files, with kills of processes during the moves."""
