"""Descriptors 0, 1 and 2: that each of them is open, whoever started the process.

A process may be started with one of them closed. The next file or socket that it opens has that number then, and what
any library writes to standard output or error goes there.
"""

import os
from typing import Final

STREAMS: Final = (0, 1, 2)


def fill() -> None:
    """Opens those that are closed, for reading only: a write to one is an error still. To be called before all else."""
    for stream in STREAMS:
        try:
            os.fstat(stream)
        except OSError:
            # The lowest number that is free is this one, since those before it are open by now.
            os.open(os.devnull, os.O_RDONLY)
            os.set_inheritable(stream, True)
