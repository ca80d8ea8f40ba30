"""Commands about the daemon itself.

The commands are about settings, keys, logs, crash reports and damaged files.
"""
