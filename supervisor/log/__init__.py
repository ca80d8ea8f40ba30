"""The log, on stderr: lines for people or JSON. Logging never blocks or raises.

- The *form* formats lines. The *writer* is a thread with a bounded queue. *Standard error* is the destination.
- A *line budget* has a token bucket for each name of a line.
- *Lost lines* counts the dropped lines of engines. A *short name* is a torrent's name as lines show it.
"""
