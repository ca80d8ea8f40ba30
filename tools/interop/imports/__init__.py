"""Imports profiles that the real programs have made: `scripts/interop --only imports`.

- A *plan* is one torrent: which of its pieces can be downloaded, and what the program is told about it.
- An *origin* is the program that makes a profile. Its own API controls it.
- A *trial* lets an origin make its profile with half-done torrents. It imports the profile into a fresh Ouzel,
  compares, and downloads what is missing.
"""
