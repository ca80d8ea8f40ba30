"""What clients can ask: reads and mutations.

- *Reads* are answered from memory, with or without an engine; *pages* are long lists, made in steps.
- *Disk reads* wait for a disk; before *engine reads* the engine is asked for what only it knows.
- *Mutations* are decided, made durable, published, handed to the engine, and then answered; an *acceptance* is one that
  is durable. There is a module for each noun: adding, removing, quarantining, restoring.
- A *handler* carries out one command, and is found by its type. An *edit* is a pure function that changes what is
  desired of one torrent; the *editor* does the rest.
- *Download roots* bound all paths that clients name.
"""
