"""Commands of clients that change nothing.

- *Reads* are answered from memory, with or without an engine; *pages* are long lists, made in steps.
- *Setting reports* say which value of a setting is in force, and who set it.
- *Disk reads* wait for a disk.
- *Engine reads* need data that only the engine has; the engine is asked first.
"""
