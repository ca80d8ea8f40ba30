"""The settings in force. A TOML file overrides built-in defaults, and the environment overrides the file.

- The *configuration* is typed. *File*, *environment* and *keys* say where each value came from.
- A *problem* is an error in the configuration. It has a place, a key, and a sentence.
- The *reloader* brings a changed file into force. *Config changes* decides how.
- *Own directories* are the directories of `[paths]`. They are made and checked at the start.
"""
