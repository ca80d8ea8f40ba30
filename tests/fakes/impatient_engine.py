"""`python -m tests.fakes.impatient_engine`: an engine whose watches wait for a second in place of minutes.

With `SPINS` in the environment, which names a file, its network thread seems to use a core while the file exists.
"""

import os
import time
from pathlib import Path
from typing import Final

from engine_proc.__main__ import main
from engine_proc.process.network_thread import NetworkThread
from engine_proc.watches import spin_watch, stuck_watch

VARIABLE: Final = "SPINS"
_AT_ONCE_S: Final = 1.0


def _be_impatient() -> None:
    for module, names in ((stuck_watch, ("CHECKING_S", "METADATA_S")), (spin_watch, ("LASTS_S",))):
        for name in names:
            setattr(module, name, _AT_ONCE_S)
    stuck_watch.LOOK_S = spin_watch.SAMPLE_S = 0.1  # type: ignore[misc]  # final for everybody else
    file, used = os.environ.get(VARIABLE), [0.0, time.monotonic()]

    def cpu_s(_: NetworkThread) -> float:
        now = time.monotonic()
        if file is not None and Path(file).exists():
            used[0] += now - used[1]
        used[1] = now
        return used[0]

    setattr(NetworkThread, "cpu_s", cpu_s)  # noqa: B010  # the type checker knows another signature


if __name__ == "__main__":
    _be_impatient()
    main()
