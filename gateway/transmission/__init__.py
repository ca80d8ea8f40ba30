"""The face `transmission`: the RPC of Transmission 4.0.6 (rpc-version 17), and the JSON-RPC 2.0 of version 4.1.

- A *method* is a command of the RPC. A *field* is a field of a torrent in `torrent-get`.
- The id of a torrent in the RPC is the torrent's number in the store.
"""
