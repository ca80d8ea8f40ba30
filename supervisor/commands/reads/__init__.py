"""What clients can ask without changing anything.

- *Reads* are answered from memory, with or without an engine; *pages* are long lists, made in steps.
- *Disk reads* wait for a disk.
- Before *engine reads* the engine is asked for what only it knows.
"""
