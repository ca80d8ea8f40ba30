"""The commands of clients: reads and mutations.

- `reads`: commands that change nothing.
- *Mutations* are validated, made durable, published, sent to the engine, and then answered. An *acceptance* is the
  result of a durable mutation. Each kind has a module: adding, removing, quarantining, restoring.
- A *handler* carries out one command; it is found by the command's type. *Arguments* checks what types cannot express.
- An *edit* is a pure function that changes a torrent's desired state. The *editor* stores and applies its result.
- *Removals* delete the records of removed torrents; *session settings* configure engines,
  and are changed by clients.
- *Download roots* bound all paths that clients name; *roots in force* has those of this engine and of the next.
"""
