"""What clients can ask: reads and mutations.

- *Reads* are answered from memory, with or without an engine; *pages* are long lists, made in steps.
- *Mutations* are decided, made durable, published, handed to the engine, and then answered.
- *Download roots* bound all paths that clients name.
"""
