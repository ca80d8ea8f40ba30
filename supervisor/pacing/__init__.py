"""Delays and rate limits.

- A *back-off* is the delay before the n-th attempt in a row. A wait strategy of tenacity's computes the delay.
- A *token bucket* is a rate limit: a burst, then a steady rate.
"""
