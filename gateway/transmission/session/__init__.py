"""The methods about the session.

- A *preference* is a setting by the name that `session-get` has for it.
- A *group* is a bandwidth group. Its limits are shared out over its torrents.
"""
