"""ZeroMQ on the asyncio loop.

- A *loop socket* is a plain socket with a reader on its descriptor.
- The *sockets* are those that the supervisor binds; *connections* counts and limits the connections of such a socket.
- A *descriptor* identifies one connection of a socket; the *outbox* queues replies beyond ZeroMQ's high-water mark.
"""
