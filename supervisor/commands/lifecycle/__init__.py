"""The commands by which torrents come and go.

Torrents are added, removed, restored from damaged records, and released from quarantine.
"""
