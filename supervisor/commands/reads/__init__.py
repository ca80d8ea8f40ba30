"""Commands of clients that change nothing.

- *Reads* are answered from memory, with or without an engine. A *page* is a part of a long list, and is made in steps.
- *Setting reports* say which value of a setting is in force, and who has set the value.
- *Disk reads* wait for a disk.
- *Engine reads* need data that only the engine has. First the engine is asked for this data.
"""
