"""The gateway's own durable state, in one SQLite file.

- A *number* stands for a torrent in interfaces whose ids are integers. It never changes, and is never used again.
- A *value* is JSON by name, such as the preferences of one interface.
"""
