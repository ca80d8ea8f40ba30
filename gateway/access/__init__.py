"""Who may send requests.

- A *session* begins with a login, and is named by a cookie. An *API key* is a secret that replaces a session.
- *Attempts* counts failed logins by address, and bans an address.
- The *guard* checks each request: its host, its origin, and its session or key.
"""
