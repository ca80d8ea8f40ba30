"""The methods about the session.

- A *preference* is a value in `session-get`.
- A *group* is a bandwidth group. The torrents in a group share its rate limits.
"""
