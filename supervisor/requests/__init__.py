"""The `commands` socket. Each request gets one reply.

- *Requests* gives each request exactly one reply by the deadline of the request.
- A *claim* counts a pending request of a connection. The *tarpit* delays replies to invalid requests.
- *Replies* encodes and sends replies. *Invalid frames* refuses frames that are no valid requests.
- *Large frames* and *long reads* could block the loop. These frames are delayed, and these reads are made in steps.
- An *acceptance* is the result of a durable mutation. It is stored for ten minutes, for idempotent retries.
- *Work* is a task that may go on after the deadline of its request.
- The *self-check* is a request of the service to itself. *Readiness* reports the answer to the service manager.
"""
