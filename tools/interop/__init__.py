"""Exchanges torrents with other BitTorrent programs through a real tracker: `scripts/interop`.

Not part of the test suite, since it needs root and Debian's packages of those programs.

- The *packages* module installs what is missing.
- The *network* is a bridge with one network namespace for each peer, each with an address of its own. Nothing in it can
  reach this machine's network. It ends with the processes that use it.
- A *program* seeds or downloads one torrent, in a namespace. Among them is Ouzel, a daemon of its own.
- A *maker* makes a .torrent file.
- A *server* is a real web server, SOCKS5 proxy or tracker over HTTPS.
- A *transfer* is a torrent by one maker, which one program seeds and another one downloads. Ouzel is one of the two.
- The folder *imports* has real programs make profiles, which `ouzel import` adds to Ouzel.
"""
