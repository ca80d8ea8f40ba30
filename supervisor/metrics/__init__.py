"""Counts what the supervisor does, for monitoring systems.

- A *histogram* counts durations in fixed buckets. A duration costs one search among a few bounds and two additions.
- *Meters* are the histograms and counters that no other part owns.
"""
