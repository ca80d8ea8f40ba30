"""A process that follows a daemon's events: `follower.py RUNTIME_DIR blocking|asyncio SILENCE_S`.

It writes a line once it follows, and then one with the number of each event.
"""

import asyncio
import sys
from pathlib import Path

from ouzel import AsyncClient, Client, Event, Resnapshot

FOLLOWING = "following"


def blocking(runtime_dir: Path, silence_s: float) -> None:
    """By the blocking stream."""
    with Client(runtime_dir) as client, client.events(silence_s=silence_s) as events:
        _write(FOLLOWING)
        for item in events:
            _write(_number(item))


async def by_asyncio(runtime_dir: Path, silence_s: float) -> None:
    """By the asyncio stream."""
    async with AsyncClient(runtime_dir) as client, client.events(silence_s=silence_s) as events:
        _write(FOLLOWING)
        async for item in events:
            _write(_number(item))


def _number(item: Event | Resnapshot) -> str:
    assert isinstance(item, Event)
    return str(item.seq)


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    where, reader, silence = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    if reader == "asyncio":
        asyncio.run(by_asyncio(where, silence))
    else:
        blocking(where, silence)
