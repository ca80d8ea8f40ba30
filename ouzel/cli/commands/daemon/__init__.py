"""Commands about the daemon itself: its settings, keys, crash reports and damaged files."""
