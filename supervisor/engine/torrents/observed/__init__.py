"""What the engine has reported about its torrents, as reads show it.

The *snapshot* has a row for each torrent. A *hindrance* is the reason why a torrent makes no progress. The *ETA* is the
estimated time until a download is complete. *Answers* are the latest answers to queries to the engine.
"""
