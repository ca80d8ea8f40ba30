"""Commands for sets of torrents.

- A *category* is a name with a save path.
- A *bandwidth group* is a name with a rate limit that its torrents share.
"""
