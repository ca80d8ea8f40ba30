"""What the engine has reported about its torrents, as reads show it.

The *snapshot* has a row of each torrent. A row's *hindrance* is why it does not progress, its *ETA* when it will be
complete. *Answers* are the latest results of queries to the engine.
"""
