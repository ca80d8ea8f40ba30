"""Daemons for tests, forked from one process that has imported the supervisor.

Imports are most of the CPU time of a daemon's start.

- The *fork server* is the process with the imports. It forks a daemon for each request, and reports the exit code.
- A *forked daemon* is the requester's handle of such a process. It has the methods of `subprocess.Popen` that the rig
  needs.

Some daemons need an interpreter of their own, for example for another module or another locale. They are started by
`subprocess.Popen`.
"""
