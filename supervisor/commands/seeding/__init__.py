"""Seeding goals: when torrents have seeded enough.

- *Goals* decides which goal a torrent has reached. *Global goals* apply to torrents without goals of
  their own.
- The *goal keeper* examines all torrents in turn. The *goals editor* makes clients' changes of global goals durable.
"""
