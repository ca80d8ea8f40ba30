"""What clients can ask: reads and mutations.

- *Reads* are answered from memory, with or without an engine; *pages* are long lists, made in steps.
- *Mutations* are decided, made durable, published, handed to the engine, and then answered.
- *Removals* end what clients have removed; *session settings* are what engines are configured with.
- *Download roots* bound all paths that clients name; *roots in force* knows those of this engine and of the next.
"""
