"""The specification's generator: what docs/protocol.md, docs/schema and tests/vectors are made of, and who checks them.

- A *meaning* is what a docstring's `Fields:` says of a member; every member of every public message has one.
- A *sample* is a believable instance of a message; examples and vectors are made of it.
- A *vector* is one frame in hex, and what it decodes to or which error it is.
- A *session* is a transcript of frames with a daemon; its replies are *patterns*, since ids and times differ.
- A *region* is a part of the page between markers, which is generated; all else there is written by hand.

`scripts/spec` writes everything, `scripts/spec --check` says what is stale.
"""
