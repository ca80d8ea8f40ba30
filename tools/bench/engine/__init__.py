"""Benchmarks of what engines cost and of what their deaths cost."""
