"""The clients, blocking and asyncio: plain ZeroMQ sockets and one function for each command.

- A *client* (`Client` in `blocking`, `AsyncClient` in `aio`) sends commands, and opens streams of events.
- A *call* is one command with its arguments, and knows how to read its reply. `calls` has one function for each
  command, `methods` the clients' methods; scripts/spec generates both, but for what is by hand in `special_calls`.
- *Events* are a stream with sockets; a *gate* lets one thread at a time use them.
- A *server* is a daemon on tcp; *presence* is whether a local one listens; *whereabouts* are where else it may be.
"""
