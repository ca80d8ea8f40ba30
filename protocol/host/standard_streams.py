"""Makes sure that descriptors 0, 1 and 2 are open.

A process may be started with one of these descriptors closed. Then the next file that the process opens gets this
number, and would receive the output of libraries.
"""

import os
from typing import Final

STREAMS: Final = (0, 1, 2)


def fill() -> None:
    """Opens each closed descriptor as /dev/null, read-only. Writing to the descriptor is still an error.

    Call this before everything else.
    """
    for stream in STREAMS:
        try:
            os.fstat(stream)
        except OSError:
            # open() returns the lowest free number, which is this one, since the lower ones are open by now.
            os.open(os.devnull, os.O_RDONLY)
            os.set_inheritable(stream, True)
