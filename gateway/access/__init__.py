"""Decides who may send requests.

- A *session* begins with a login. A cookie identifies the session. A client can use an *API key*, a secret, instead.
- *Attempts* counts the failed logins of each address, and bans addresses.
- The *guard* checks each request: its host, its origin, and its session or key.
"""
