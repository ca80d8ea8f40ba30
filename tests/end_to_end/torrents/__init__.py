"""Real torrents: downloads, names, identity, totals and trackers."""
