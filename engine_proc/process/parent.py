"""Makes the engine's processes end when the supervisor, their parent, dies."""

import ctypes
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent(parent_pid: int) -> bool:
    """Makes the kernel kill this process when its parent dies. Returns False if the parent has died already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent_pid
