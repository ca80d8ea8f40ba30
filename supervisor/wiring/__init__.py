"""Constructs and connects the parts of the service. Each module constructs one group, and decides nothing.

- *Sockets*: the sockets of clients and engines, with the event log and the publisher.
- *Watch parts*: `Health`, and the parts that report problems to `Health`.
- *Command parts*: the parts that carry out clients' commands.
- *Handler parts*: the handlers, which pass reports of one part to other parts.

A group is constructed after the groups that it needs.
"""
