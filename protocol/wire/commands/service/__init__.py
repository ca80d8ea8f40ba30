"""Commands about the service itself.

- *Counters* are libtorrent's statistics.
- The *log* has recent lines and levels.
"""
