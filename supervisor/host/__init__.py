"""The machine that the supervisor runs on.

- The *service manager*, systemd or another, is notified of the service's state.
- *Signals* stop the service, or have it read its configuration again.
- *Process limits* are inherited by engines; *memory* measures a process's memory, and the machine's.
- A *directory lock* is held as long as any process that inherited it lives.
- The *place watch* identifies the directories at some paths. A *cached look* checks a file without reading a disk.
"""
