"""The download roots: the directories below which torrents may be saved.

The roots *in force* are the roots of the running engine. They follow the configuration.
"""
