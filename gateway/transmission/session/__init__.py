"""The methods about the session.

- A *preference* is a value in `session-get`.
- A *group* is a bandwidth group of Transmission. The torrents in a group share one rate limit.
"""
