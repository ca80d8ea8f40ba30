"""The traffic of a run: clients on the daemon's socket, a client of the gateway, and subscribers.

Each client records its operations. It never guesses an end: without a reply, the end is `unknown`.
"""
