"""Reads the configuration. A TOML file overrides built-in defaults, and the environment overrides the file.

- A *section* is a struct with one field for each key.
- *File* and *environment* are the two sources of values. *Keys* converts and checks the values.
- A *problem* is an error in the configuration. It has a place, a key and a sentence.
- The *gateway sections* are sections of the configuration that only the gateway reads.

One file configures the daemon and the gateway. Each process checks its own sections.
"""
