"""Delays and rate limits.

- A *back-off* is the delay before the n-th attempt in a row, by a wait strategy of tenacity's.
- A *token bucket* is a rate limit: a burst, then a steady rate.
"""
