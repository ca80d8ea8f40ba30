"""Exchanges torrents with other BitTorrent programs through a real tracker: `scripts/interop`.

It is not part of the test suite, because it needs root and Debian's packages of those programs.

- The *packages* module installs what is missing.
- The *network* is a bridge with one network namespace for each peer. Each namespace has its own address. Nothing in the
  network can reach this machine's network. The network ends with the processes that use it.
- A *program* seeds or downloads one torrent, in a namespace. Ouzel is one of the programs, with a daemon of its own.
- A *maker* makes a .torrent file.
- A *server* is a real web server, SOCKS5 proxy or tracker over HTTPS.
- A *transfer* is a torrent by one maker. One program seeds the torrent and another downloads it. Ouzel is one of the
  two.
- The folder *imports* lets real programs make profiles. `ouzel import` adds the profiles to Ouzel.
- The folder *clients* uses programs that people have for qBittorrent and Transmission against the gateway.
- The folder *page* uses the gateway's page in a browser, and *web_uis* web interfaces of others.
- The folder *webapi* runs the test suite of a client of qBittorrent's Web API against the gateway.
"""
