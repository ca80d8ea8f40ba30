"""This process: its log, its parent, its threads and its sandbox.

- The *log* is one JSON object a line on stderr; the *parent* is the supervisor, without which it exits.
- A *mailbox* passes items from a thread to the loop.
- The *sandbox* is the kernel's confinement of this process: *Landlock* for files, *seccomp* for system calls.
"""
