"""Commands about the daemon itself.

They show and change its settings, and show its keys, its crash reports and its damaged files.
"""
