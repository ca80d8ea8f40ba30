"""ZeroMQ on the asyncio loop.

- A *loop socket* is a plain socket with a reader on its descriptor.
- The supervisor binds *sockets*. *Connections* counts and limits the connections of a socket.
- A *descriptor* identifies one connection. The *outbox* queues replies beyond ZeroMQ's high-water mark.
"""
