"""Mediators: handlers that pass reports of one part to other parts. The parts do not know each other.

- The *engine handler* handles the facts of one engine. The *resume directory handler* handles the store's findings.
- The *config handler* reads configurations, and brings configurations into force.
- The *places handler* reports problems of directories and keys, with their severity.
- *Announcements* publish events of torrents, and notify the parts that track torrents.
- The *clock* makes the calls that are due every second.
"""
