"""Benchmarks of the whole service: payload, many torrents, memory, the log, the resume directory."""
