"""Commands about the daemon itself.

The commands show and change its settings, and show its keys, its crash reports and its damaged files.
"""
