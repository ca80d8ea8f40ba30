"""Constructs the parts of the service and connects them. Each module constructs one group, and decides nothing.

- *Sockets*: the sockets of clients and engines, with the event log and the publisher.
- *Watch parts*: health, and the parts that report to it: background tasks, crash reports and totals.
- *Command parts*: the parts that carry out clients' commands.
- *Handler parts*: the handlers, which pass on the reports of each part to the other parts.

A group is constructed at once, after the groups that it needs.
"""
