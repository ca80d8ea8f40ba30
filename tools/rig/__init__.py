"""The rig: real payloads, seeds and daemons for the tests, the demo and the benchmarks.

- A *daemon* is a real `ouzeld` in a temporary directory. A *seed* is a bare libtorrent session to download from.
- A *payload* is a set of files with their torrent. *Samples* are small torrents in memory, made by *bencoding*.
- A *helper* is a process that answers questions of a test. A *probe* waits for a session's alerts.
- `clients` put load on a daemon, watch it, or misbehave. `hostile` has torrents that no normal program makes.

Everything stays on loopback and in one temporary directory. The rig is not part of the product.
"""
