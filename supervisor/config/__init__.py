"""The settings in force. A TOML file overrides built-in defaults, and the environment overrides the file.

- The *configuration* is typed: one struct for each section. `protocol.configuration` reads it.
- The *reloader* brings a changed file into force. *Config changes* decides how.
- *Own directories* are the directories of `[paths]`. They are made and checked at the start.
"""
