"""The `commands` socket: from a request's frame to its one reply.

- *Requests* gives each request exactly one reply, by its deadline.
- A *claim* is the entry by which a connection's pending request is counted; the *tarpit* delays replies to invalid
  requests.
- *Large frames* and *long reads* would block the loop: such frames are delayed, and such reads are made in steps.
- An *acceptance* is the result of a durable mutation; it is stored for ten minutes, for idempotent retries.
- *Work* is a task that goes on after the deadline of its request.
- The *self-check* is a request of the service to itself; *readiness* reports its result to the service manager.
"""
