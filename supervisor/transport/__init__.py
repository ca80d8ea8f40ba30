"""ZeroMQ on the asyncio loop.

- A *loop socket* is a plain socket with a reader on its descriptor.
- The *sockets* are those that the supervisor binds; *connections* counts and limits who is connected.
- A *descriptor* finds one connection of a socket; the *outbox* holds replies on their way.
"""
