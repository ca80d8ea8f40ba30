"""The public wire protocol, version 1: every message that clients send and receive.

- A *command* is a verb that a client sends (`AddTorrent`); an *event* is a fact in the past tense (`TorrentAdded`).
- An *operation* is a row of the table of commands: a command with its result and errors.
- An *envelope* (`Request`, `Reply`, `EventFrame`) carries a command, a result or an event over the public sockets.
- The *codec* encodes messages as msgpack and decodes them, with limits. No other module handles encoded bytes.
- An *error kind* is one row of the error table: its number, its name, and when a retry makes sense.
- *Desired* state is what clients requested. *Observed* state is what the engine reported. A *row* has the observed
  state of a torrent. A *report* has the observed state of the service.
- A *key file* holds a CURVE key. *Endpoints* are the default paths of sockets and directories.
"""
