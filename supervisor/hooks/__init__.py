"""Hooks: programs and HTTP requests on events, as the configuration says.

- A *delivery* is one event for one hook. Each hook has a bounded *queue* of deliveries. Deliveries of one hook are made
  one at a time.
- A *program* is run with few rights, without a shell, and with a time limit.
- A *post* is an HTTP POST. It can be signed with a shared secret. After a failure, the POST is repeated with a
  back-off.

If a hook fails, hangs or writes too much output, nothing else is affected. The log and `health` report the hook.
"""
