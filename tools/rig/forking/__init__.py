"""Daemons for tests, forked from one process that has imported the supervisor.

Imports are most of the CPU time of a daemon's start.

- The *fork server* is that process. It forks a daemon for each request, and reports the exit code.
- A *forked daemon* is the requester's handle of such a process. It has the methods of `subprocess.Popen` that the rig
  needs.

A daemon that needs an interpreter of its own is started by `subprocess.Popen`, as before: for example another module,
or another environment's locale.
"""
