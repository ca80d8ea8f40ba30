"""Imports profiles that the real programs have made: `scripts/interop --only imports`.

- A *plan* is one torrent: which of its pieces there are to download, and what the program is told about it.
- An *origin* is the program that a profile is made by, driven by its own API.
- A *trial* has an origin make its profile with half-done torrents, imports it into a fresh Ouzel, compares, and
  downloads what is missing.
"""
