"""The machine that the supervisor runs on.

- The *service manager*, such as systemd, is notified of the service's state.
- *Signals* stop the service, or reload its configuration.
- Engines inherit *process limits*. *Memory* measures the memory of a process or the machine.
- The *place watch* identifies the directories at some paths. A *cached look* checks a file without a disk read.
"""
