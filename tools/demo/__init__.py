"""The demonstration of `scripts/demo`: a download that survives the engine's death, with real processes.

- The *stage* is a seed and a daemon in a temporary directory.
- The *story* is one download. The engine is killed half way, another engine takes over, and the download finishes.
- The *verdict* checks at the end whether Ouzel has kept its guarantees.
"""
