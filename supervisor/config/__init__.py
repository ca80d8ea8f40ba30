"""The settings in force: built-in defaults, a TOML file over them, the environment over both.

- The *configuration* is typed: one struct for each section. `protocol.configuration` reads it.
- The *reloader* brings a changed file into force; *config changes* is the pure part of it.
- *Own directories* are those of `[paths]`, which are made and checked at the start.
"""
