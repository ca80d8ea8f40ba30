"""What runs beside the loop, or in turns on it.

- *Background* tasks go on after errors, and none of them ends the service.
- *Threads* make the calls that a hung disk can hang; nobody has to wait for them.
- *Keyed locks* are one lock for each key that somebody holds or waits for.
"""
