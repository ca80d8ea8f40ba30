"""Loads a torrent from its stored data into the session.

- *Judged sources* are .torrent files that were parsed and validated, and are about to be added.
- The *finder* reads the stored data of a torrent, and detects damaged data.
- The *loader* performs the steps, and stores the current step of each torrent.
"""
