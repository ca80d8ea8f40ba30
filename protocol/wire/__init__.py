"""The public wire, version 1: all that clients in any language send and receive.

- A *command* is a verb that a client sends (`AddTorrent`); an *event* is a fact in the past tense (`TorrentAdded`).
- An *operation* is a row of the table with a command's arguments, result and errors.
- An *envelope* (`Request`, `Reply`, `EventFrame`) carries one of them over the public sockets.
- The *codec* turns messages into msgpack bytes and back, under limits; it is the only place that sees bytes.
- An *error kind* is one row of the error table: number, name, and when a retry makes sense.
- *Desired* state is what clients asked for; a *row* is what was observed of a torrent, a *report* of the service.
- A *key file* holds a CURVE key; *endpoints* are where sockets and directories are when nobody says otherwise.
"""
