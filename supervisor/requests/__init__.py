"""The `commands` socket: from a request's frame to its one reply.

- *Requests* gives each request exactly one reply, by its deadline.
- A *claim* counts a connection's pending requests; the *tarpit* delays replies to invalid requests.
- *Large frames* and *long reads* would block the loop, so they are delayed or made in steps.
- An *acceptance* is the result of a durable mutation; it is stored for ten minutes, for idempotent retries.
- *Work* is a task that goes on after the deadline of its request.
- The *self-check* is a request of the service to itself; *readiness* reports its result to the service manager.
"""
