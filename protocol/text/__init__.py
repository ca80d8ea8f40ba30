"""Checks and conversions of texts, independent of the messages that carry them.

- *Patterns* are regular expressions that texts must match. A *peer address* is an IP address with a port.
- A *redacted* text has no passkeys. A *scrubbed* text can be encoded as UTF-8.
"""
