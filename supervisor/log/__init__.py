"""The log, on stderr: lines for people or JSON. Logging never blocks or raises.

- The *form* formats lines; the *writer* is a thread with a bounded queue; *standard error* is the destination.
- A *line budget* is the token bucket of lines of one name.
- *Lost lines* counts the dropped lines of engines; a *short name* is a torrent's name as lines show it.
"""
