"""The commands of clients: reads and mutations.

- `reads`: what changes nothing.
- *Mutations* are decided, made durable, published, handed to the engine, and then answered; an *acceptance* is one that
  is durable. There is a module for each noun: adding, removing, quarantining, restoring.
- A *handler* carries out one command, and is found by its type. An *edit* is a pure function that changes what is
  desired of one torrent; the *editor* does the rest. *Arguments* are checked beyond their types.
- *Removals* end what clients have removed; *session settings* are what engines are configured with.
- *Download roots* bound all paths that clients name; *roots in force* knows those of this engine and of the next.
"""
