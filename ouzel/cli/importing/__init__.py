"""Reads the profiles of other clients, and adds their torrents to the daemon.

- A *profile* is the directory in which a client stores its torrents. The modules `qbittorrent` and `transmission` read
  a profile, and change nothing in it.
- A *moved torrent* is a torrent of a profile, in Ouzel's terms. It has the source, the progress as resume
  data in libtorrent's format, the save path, and the options. Its *notes* say what has no equivalent in Ouzel.
- *Moving* adds these torrents one after the other. A torrent that fails does not stop the others.
- The *import command* is `ouzel import`.
"""
