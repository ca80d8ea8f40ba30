"""Hooks: programs and HTTP requests on events, as the configuration says.

- A *delivery* is one event for one hook. Each hook has a bounded *queue* of deliveries, which are made one at a time.
- A *program* is run with fewer rights than the supervisor (`start`), without a shell, and with a time limit.
- A *post* is an HTTP POST. It can be signed with a shared secret. After a failure it is repeated with a back-off.

A hook that fails, hangs or writes too much output affects nothing else. The log and `health` report it.
"""
