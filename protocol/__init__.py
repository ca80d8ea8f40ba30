"""What Ouzel's processes and its clients agree on.

- A *command* is a verb that a client sends (`AddTorrent`); an *event* is a fact in the past tense (`TorrentAdded`).
- An *envelope* (`Request`, `Reply`, `EventFrame`) carries one of them over the public sockets.
- An *engine command* and an *engine event* travel the private link between the supervisor and one engine generation.
- The *codec* turns messages into msgpack bytes and back, under limits; it is the only place that sees bytes.
- An *error kind* is one row of the error table: number, name, and when a retry makes sense.
- *Desired* state is what clients asked for; a *row* is what was observed of a torrent.
- The *resume directory* is the set of files both processes share; `durable` is the only way a file there is written.
- The *bounds* say where payload may be.
- The *flight recorder* is memory where an engine notes what it is about to do; it is read when the engine is dead.

Nothing here knows of asyncio, of sockets or of libtorrent.
"""
