"""Figures and names that the catalogue derives from its records.

- The *names* of categories and bandwidth groups belong to the keys that torrents' records have.
- The *counts* of torrents follow each change of a record.
"""
