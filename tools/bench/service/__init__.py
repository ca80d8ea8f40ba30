"""Benchmarks of the service as a whole: payload, many torrents, memory, the log, the resume directory."""
