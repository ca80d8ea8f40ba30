"""The offline checker. It reads a history and nothing else.

- A *violation* is a broken invariant, with the entries that show it.
- A *register* is one desired value of one torrent. Its steps must be *linearizable*: there is an order in which each
  step takes effect at one moment within its interval.
- A run is *invalid* if it had too little traffic, or if a fault never had an effect. It then proves nothing.
"""
