"""The commands of clients: reads and mutations.

- `reads`: commands that change nothing.
- *Mutations* are changes that clients request. An *acceptance* is the result of a durable mutation.
- A *handler* carries out one type of command.
- `arguments` checks rules that the types of a command's arguments cannot express.
- An *edit* is a pure function that changes a torrent's desired state. The *editor* stores and applies its result.
- `seeding` decides when torrents have seeded enough.
- *Removals* delete the records of removed torrents.
- *Session settings* configure engines. Clients can change them.
- `roots` keeps the paths that clients name inside the download roots.
"""
