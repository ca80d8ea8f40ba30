"""Texts and their forms, without the messages that carry them.

- *Patterns* are the forms that texts must have; a *peer address* is where a peer is.
- What is *redacted* has no passkeys any more; what is *scrubbed* can be encoded as UTF-8.
"""
