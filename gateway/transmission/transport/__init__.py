"""How methods are called over HTTP, and the files of a web interface.

- A *session id* is what a client has to send back, so that no foreign web page can call methods.
- *Legacy* is the format of 4.0.6. JSON-RPC 2.0 is the format of 4.1, which has other names for the same things.
"""
