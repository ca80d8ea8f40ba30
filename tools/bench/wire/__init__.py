"""Benchmarks of the two sockets of clients."""
