"""Event streams without gaps. No module here uses sockets.

- An *event* is one fact, numbered by `seq` within an *epoch*; an epoch ends when the supervisor restarts.
- An *event stream* yields events without gaps: it requests a replay of lost events. If the daemon has evicted them, the
  stream yields a *resnapshot* with all rows, and continues with the events after it.
- A *feed* is a stream with its requests and timers. *Silence* means that no messages arrive from the daemon.
- A *table* is a reader's copy of the state: the rows of a snapshot, updated by later events.
- *Waiting* reads a stream until a download's *ending*: it is complete, or has failed.
"""
