"""An event stream without gaps, without sockets.

- An *event* is one fact, numbered by `seq` within an *epoch*; an epoch ends when the supervisor restarts.
- An *event stream* yields events without gaps: lost ones are replayed. If they were evicted it yields a *resnapshot*,
  all rows anew, and goes on from there.
- A *feed* is a stream with its requests and timers; *silence* means that the daemon is not heard.
- A *table* is the reader's state: the rows of a snapshot, updated by the later events.
- *Waiting* reads a stream until a download's *ending*: its last row, or the cause.
"""
