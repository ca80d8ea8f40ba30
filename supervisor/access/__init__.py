"""Authentication and access control on tcp. On local sockets the files' modes decide.

- *Access* gives each key its role. The *authorized keys* are a directory with one file for each client.
- The *ZAP handler* tells ZeroMQ whether a CURVE key is authorized (ZeroMQ RFC 27).
- A *refusal* is the rejection of a peer. Each rejected peer is logged at most once a minute.
"""
