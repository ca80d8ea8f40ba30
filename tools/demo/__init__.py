"""The demonstration behind `scripts/demo`: a download that outlives its engine, on real processes, to look at.

- The *stage* is a seed and a daemon in a temporary directory.
- The *story* is one download: the engine is killed half way, another takes over, and the download finishes.
- The *verdict* is what was found at the end, and whether it is what Ouzel promises.
"""
