"""The machine that the supervisor runs on.

- The *service manager*, systemd or another, hears how the service is.
- *Signals* stop the service, or have it read its configuration again.
- *Process limits* are inherited by engines; *memory* is how much a process holds, and how much there is.
- A *directory lock* is held for as long as any process that inherited it lives.
- The *place watch* identifies the directories at some paths; a *cached look* reads no disk.
"""
