"""The commands of clients: reads and mutations.

- `reads`: commands that change nothing.
- *Mutations* are validated, made durable, published, sent to the engine, and then answered. An *acceptance* is the
  result of a durable mutation. Each kind of mutation has a module, such as adding, removing and restoring.
- A *handler* carries out one command; it is found by the command's type.
- `arguments` checks what the types of a command's arguments cannot express.
- An *edit* is a pure function that changes a torrent's desired state. The *editor* stores and applies its result.
- `seeding`: the seeding goals of torrents, and the global ones.
- *Removals* delete the records of removed torrents; *session settings* configure engines, and are changed by clients.
- `download_roots` confines all paths that clients name to the download roots; `roots_in_force` has the roots of the
  current engine and of the next one.
"""
