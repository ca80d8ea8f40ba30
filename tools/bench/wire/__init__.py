"""Benchmarks of the two public sockets."""
