"""Which parts the service has, and which of them know each other: a group of parts a module, and no decisions.

- *Sockets* are those of clients and of engines, and the events that go out on one of them.
- *Watch parts* keep what is wrong, and tasks, crash reports and totals, which tell of it.
- *Command parts* carry out what clients ask.
- *Handler parts* pass on what one part finds to the others.

A group is made whole, after those that it needs.
"""
