"""The `commands` socket: from a request's frame to its one reply.

- *Requests* gives each request exactly one reply, by its deadline.
- A *claim* is what a connection has under way; the *tarpit* delays replies to what is no request.
- *Large frames* and *long reads* are those that would hold up the loop; they take turns.
- An *acceptance* is a mutation that is durable; the last ten minutes' are remembered, so that repeats are recognized.
- *Work* goes on when the deadline of its request has passed.
- The *self-check* is a request of the service to itself; *readiness* tells the service manager what it finds.
"""
