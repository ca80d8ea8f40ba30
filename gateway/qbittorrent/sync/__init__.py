"""The endpoints `sync/maindata` and `sync/torrentPeers`. They send the changes since a client's last request.

- A *response id* (`rid`) is the number of an answer. A request has the id of the last answer that the client got.
- A *session* stores two answers: the last answer that was sent, and the last answer that the client got.
- If the id in the request belongs to neither answer, the next answer has all data (`full_update`).
"""
