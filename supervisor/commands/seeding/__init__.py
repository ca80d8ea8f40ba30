"""Seeding goals: when torrents have seeded enough.

- *Goals* decides which goal a torrent has reached. *Global goals* are those that apply to torrents without their own.
- The *goal keeper* examines all torrents in turn. The *goals editor* makes clients' changes of global goals durable.
"""
