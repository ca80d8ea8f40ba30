"""Hooks: programs and HTTP requests on events, as the configuration says.

- A *delivery* is one event for one hook. Each hook has a bounded *queue* of deliveries, which are made one at a time.
- A *program* is run with reduced rights (`start`), without a shell, and with a time limit.
- A *post* is an HTTP POST, signed with a shared secret, and tried again with a back-off.

A hook that fails, hangs or floods harms nothing else; the log and `health` tell of it.
"""
