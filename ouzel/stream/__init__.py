"""Event streams without gaps. No module here uses sockets.

- An *event* is one fact, numbered by `seq` within an *epoch*. An epoch ends when the supervisor restarts.
- An *event stream* yields events without gaps. It requests a replay of lost events. If the daemon has evicted the lost
  events, the stream yields a *resnapshot* with all rows. Then the stream continues with the events after the
  resnapshot.
- A *feed* is a stream with its requests and timers. *Silence* means that no messages arrive from the daemon.
- A *table* is a reader's copy of the state: the rows of a snapshot, updated by later events.
- *Waiting* reads a stream until the *ending* of a download: the torrent is complete, or has failed.
"""
