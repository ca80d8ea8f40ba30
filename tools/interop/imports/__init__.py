"""Imports profiles that the real programs have made: `scripts/interop --only imports`.

- A *plan* is one torrent. It says which pieces can be downloaded, and what the program is told.
- An *origin* is the program that makes a profile. `scripts/interop` controls it by its API.
- A *trial* lets an origin make its profile with half-done torrents. It imports the profile into a fresh Ouzel,
  compares, and downloads what is missing.
"""
