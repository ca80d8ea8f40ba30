"""The gateway's configuration.

- The *configuration* has the sections `[gateway]` and `[metrics]`, and the paths of the daemon's sockets.
- The other sections of the file belong to the daemon, which checks them.
"""
