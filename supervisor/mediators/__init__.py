"""Mediators: handlers that pass on the reports of each part to the other parts, which do not know each other.

- The *engine handler* handles the facts of one engine, the *resume directory handler* the findings of the store.
- The *config handler* reads configurations and brings them into force.
- The *places handler* reports problems of directories and keys, with their severity.
- *Announcements* publish events of torrents, and notify the parts that track torrents.
- The *clock* makes the calls that are due every second.

Handlers have only the state that they need for this.
"""
