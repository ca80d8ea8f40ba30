"""What the engine has reported about its torrents, as reads show it.

The *snapshot* has a row for each torrent. The *hindrance* in a row is the reason why the torrent makes no progress. The
*ETA* is the time until it is complete. *Answers* are the latest results of queries to the engine.
"""
