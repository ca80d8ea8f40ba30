"""This process: its log, its parent, its threads and its sandbox.

- The *log* is one JSON object a line on stderr; the *parent* is the supervisor, which it does not outlive.
- A *mailbox* hands what a thread has made to the loop.
- The *sandbox* is what the kernel lets this process do: *Landlock* for files, *seccomp* for system calls.
"""
