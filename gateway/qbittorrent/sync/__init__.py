"""`sync/maindata` and `sync/torrentPeers`: what changed since a client's last request.

- A *response id* (`rid`) numbers the answers to one session. The next request names the last answer that arrived.
- A *session* remembers two answers: the last one that was sent, and the last one that its client accepted.
- An answer has everything (`full_update`) if the request names neither.
"""
