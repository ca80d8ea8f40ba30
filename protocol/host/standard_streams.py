"""Makes sure that descriptors 0, 1 and 2 are open, whoever started the process.

A process may be started with one of them closed. Then the next file or socket that it opens gets that number, and
receives whatever any library writes to standard output or error.
"""

import os
from typing import Final

STREAMS: Final = (0, 1, 2)


def fill() -> None:
    """Opens closed ones read-only, so that a write to one is still an error. Call it before everything else."""
    for stream in STREAMS:
        try:
            os.fstat(stream)
        except OSError:
            # The lowest number that is free is this one, since those before it are open by now.
            os.open(os.devnull, os.O_RDONLY)
            os.set_inheritable(stream, True)
