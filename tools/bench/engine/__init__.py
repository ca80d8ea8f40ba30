"""Benchmarks of the costs of an engine, and of the costs of an engine's death."""
