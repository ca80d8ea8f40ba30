"""The rig: real payloads, real seeds and real daemons that tests, the demo and the benchmarks stand on.

- A *daemon* is a real `ouzeld` in a temporary directory; a *seed* is a bare libtorrent session to download from.
- A *payload* is files and the torrent of them; *samples* are small torrents in memory, of *bencoded* bytes.
- A *helper* is a process of this package's that answers questions; a *probe* waits for a session's alerts.
- `clients` load a daemon, watch it, or misbehave; `hostile` torrents are those that no honest program makes.

Everything stays on loopback and in one temporary directory. Nothing here is part of the product.
"""
