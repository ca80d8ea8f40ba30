"""Who may use the service over tcp, and do what. On local sockets the files' modes say so.

- *Access* gives each key its role; the *authorized keys* are a directory with one file a client.
- The *ZAP handler* answers ZeroMQ whether a CURVE key may come in (ZeroMQ RFC 27).
- A *refusal* is a rejected peer; each is logged at most once a minute.
"""
