"""Events without gaps, without sockets.

- An *event* is one fact, numbered by `seq` within an *epoch*; an epoch ends when the supervisor restarts.
- An *event stream* gives events without gaps: what the network lost is fetched again. Where that is not possible it
  gives a *resnapshot*, all rows anew, and goes on from there.
- A *feed* is a stream with its requests and timers; *silence* is that the daemon is not heard.
- A *table* is what a reader of a stream knows: the rows of a snapshot, brought up to date by the events after it.
- *Waiting* reads a stream until a download's *ending*: its last row, or the cause.
"""
