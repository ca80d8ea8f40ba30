"""The methods about torrents.

- *Selection* finds the torrents that the argument `ids` means.
- *Fields* are computed from the mirror. *Details*, such as files and peers, are read from the daemon.
"""
