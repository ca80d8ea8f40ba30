"""The settings in force: built-in defaults, a TOML file over them, the environment over both.

- The *configuration* is typed; *file*, *environment* and *keys* say where each value came from.
- A *problem* is what is wrong with it: where, which key, and a sentence.
- The *reloader* brings a changed file into force; *config changes* is the pure part of it.
- *Own directories* are those of `[paths]`, made and judged at the start.
"""
