"""The machine that the supervisor runs on.

- The *service manager*, systemd or another, gets readiness, status and the watchdog's signal.
- *Process limits* are inherited by engines; *memory* measures a process, and the machine.
- A *directory lock* is held for as long as any process that inherited it lives.
- The *place watch* identifies the directories at some paths; a *cached look* reads no disk.
"""
