"""The describer: reads the stored data of unloaded torrents in a separate process.

No engine may load torrents in quarantine, so the describer reads their data. While no engine can be started, the
describer reads the data of all torrents.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from protocol.internal.link import decode_events
from protocol.internal.link_events import EngineEvent
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import OuzelError
from supervisor.engine.process import helper

MODULE: Final = "engine_proc.describe"
PATIENCE_S: Final = 5.0
"""The time limit for one process, which reads AT_ONCE torrents. A slower process is killed."""
AT_ONCE: Final = 200
ANSWER_MAX_BYTES: Final = 64 << 20
"""A process with a longer answer is killed. The untrusted data may control this process."""


class Describer:
    """Runs describing processes, one at a time.

    Args:
        resume_dir: the resume directory.
        sandbox: the mode of the process's sandbox. It equals the engine's mode.
    """

    def __init__(self, resume_dir: Path, sandbox: str) -> None:
        self._resume_dir = resume_dir
        self._sandbox = sandbox
        self._one = asyncio.Lock()

    async def describe(self, torrents: Sequence[DesiredTorrent]) -> list[EngineEvent]:
        """Returns the events that an engine would send about these torrents.

        If the data of a torrent cannot be read in time, there are no events about the torrent.
        """
        async with self._one:
            try:
                answer = await helper.ask(
                    command(self._resume_dir, self._sandbox),
                    msgspec.msgpack.encode(list(torrents)),
                    patience_s=PATIENCE_S,
                    answer_max_bytes=ANSWER_MAX_BYTES,
                )
                return decode_events(answer).events
            except (TimeoutError, OuzelError, OSError):
                return []


def command(resume_dir: Path, sandbox: str) -> list[str]:
    """The argv of the process."""
    return helper.command(MODULE, resume_dir, sandbox)
