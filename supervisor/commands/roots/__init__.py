"""The download roots: the directories below which torrents may be saved.

The roots *in force* follow the configuration.
"""
