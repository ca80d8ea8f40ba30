"""Generates and checks the specification: docs/protocol.md, docs/schema and tests/vectors.

- A *meaning* is the entry of a member in a docstring's `Fields:`. Every member of every public message has one.
- A *sample* is a realistic instance of a message. Examples and vectors are made of samples.
- A *vector* is one frame in hex, with its decoded value or the expected error.
- A *session* is a transcript of frames exchanged with a daemon. Its replies are *patterns*, because ids and times
  differ.
- A *region* is a generated part of docs/protocol.md between markers. The rest is written by hand.

`scripts/spec` writes everything. `scripts/spec --check` reports what is stale.
"""
