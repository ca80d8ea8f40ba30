"""Receives calls of methods over HTTP.

- The gateway gives clients a *session id*, and each request has to contain it. A foreign web page does not
  know the session id, so the page cannot call methods.
- *Legacy* is the format of version 4.0.6. JSON-RPC 2.0 is the format of version 4.1. JSON-RPC has other names of
  methods and fields.
"""
