"""Decides who may send requests.

- A *session* begins with a login. A cookie identifies the session.
- An *API key* is a secret that a client can use instead of a session.
- *Attempts* counts the failed logins of each address, and bans addresses.
- The *guard* checks each request: its host, its origin, and its session or key.
"""
