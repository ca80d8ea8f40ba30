"""`python -m engine_proc`: one engine generation; only the supervisor starts it."""

import gc
from typing import Final

GC_THRESHOLD: Final = 100_000
"""With ten thousand torrents a collection takes too long for the loop, and there is next to no garbage in cycles."""


def main() -> None:
    """Runs the engine. Leaves by `os._exit`, because libtorrent and ZeroMQ may take long to clean up."""
    gc.set_threshold(GC_THRESHOLD)
    # Only now: while modules are loaded, collections would take 7 ms, which a failover without a spare waits for.
    from engine_proc.startup import run

    run()


if __name__ == "__main__":
    main()
