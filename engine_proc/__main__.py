"""`python -m engine_proc`: runs one engine generation. Only the supervisor starts it."""

import gc
from typing import Final

GC_THRESHOLD: Final = 100_000
"""The threshold of Python's garbage collector.

With 10,000 torrents a collection blocks the loop for too long, and hardly any garbage is in cycles.
"""


def main() -> None:
    """Runs the engine. Exits by `os._exit`, because libtorrent and ZeroMQ may clean up slowly."""
    gc.set_threshold(GC_THRESHOLD)
    # Imported only now: collections during the imports would add 7 ms to a failover without a spare.
    from engine_proc.startup import run

    run()


if __name__ == "__main__":
    main()
