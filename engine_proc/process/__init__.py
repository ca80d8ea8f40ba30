"""Facilities of the engine's processes: the log, the parent process, threads and the sandbox.

- The *log* is one JSON object per line on stderr. The *parent* is the supervisor. If the parent dies, the process
  exits.
- A *mailbox* passes items from a thread to the event loop.
- A *helper* is a short-lived process beside the engine, with limits and a sandbox of its own.
- The *sandbox* is the kernel's confinement of this process: *Landlock* for files, *seccomp* for system calls.
"""
