"""The blocking and the asyncio client: plain ZeroMQ sockets, and one function for each command.

- A *client* (`Client` in `blocking`, `AsyncClient` in `aio`) sends commands, and opens streams of events.
- A *call* is one command with its arguments and a function that reads its reply. `calls` has one function for each
  command. `methods` has the clients' methods. scripts/spec generates both modules. The functions in `special` are
  written by hand.
- *Events* is an event stream with sockets. A *gate* lets only one thread at a time use sockets.
- A *server* is a daemon on tcp. *Presence* checks whether a local daemon listens. *Whereabouts* suggests where another
  daemon may be.
"""
