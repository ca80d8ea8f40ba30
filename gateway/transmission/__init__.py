"""Transmission's RPC, as version 4.0.6 (rpc-version 17) has it, and its JSON-RPC 2.0.

- A *method* is a command by name. A *field* is a member of a torrent, by the name that `torrent-get` has for it.
- A torrent's id is its number in the store.
"""
