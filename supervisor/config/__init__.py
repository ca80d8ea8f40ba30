"""The settings in force: built-in defaults, a TOML file over them, the environment over both.

- The *configuration* is typed; *file*, *environment* and *keys* say where each value came from.
- A *problem* is an error in the configuration: its place, its key, and a sentence.
- The *reloader* brings a changed file into force; *config changes* is the pure part of it.
- *Own directories* are those of `[paths]`, which are made and checked at the start.
"""
