"""The session port: the interface to libtorrent. No module here imports libtorrent.

- The *session port* (`LibtSession`) has a real implementation, `engine_proc.libtorrent_adapter`, and a fake
  implementation for tests. The *peers port*, the *peer sources* and the *options port* are parts of the session port.
- The *session settings* are Ouzel's defaults, which override libtorrent's. They also validate a configuration.
- An *alert* is a notification of libtorrent, copied into a frozen value.
- A *fault* is an unexpected error of a call about one torrent. A *recorded* call is noted in the flight recorder.
"""
