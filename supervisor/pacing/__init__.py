"""How soon, and how often, something may happen again.

- A *back-off* is how long to wait before the n-th attempt in a row, by a wait strategy of tenacity's.
- A *token bucket* is how many of something there may be at once, and how many a second in the long run.
"""
