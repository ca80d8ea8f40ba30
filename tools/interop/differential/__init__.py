"""Sends the same calls to the gateway and to the real programs, and compares the answers.

The command is `scripts/interop --only differential`.

- The *world* is the torrents that both sides get: their metadata, and what is on disk.
- A *side* is a server that answers: the gateway, qbittorrent-nox or transmission-daemon.
- A *call* is one request. A *script* is the calls to one program, in order. Reads are repeated until both sides have
  settled, up to a deadline.
- A *difference* is one field that is not equal in two answers. A *reason* explains some differences. Differences
  without a reason are faults.
"""
