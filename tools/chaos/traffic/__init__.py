"""The traffic of a run: clients on the daemon's socket, a client of the gateway, and subscribers.

Each client records its operations. Without a reply, the end of an operation is `unknown`.
"""
