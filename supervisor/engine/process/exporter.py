"""The exporter: makes .torrent files and magnet links in a separate process, without an engine."""

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from protocol.internal.making import Exported
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.engine.process import helper

MODULE: Final = "engine_proc.export"
PATIENCE_S: Final = 30.0
"""The time limit for one process. A slower process is killed."""
ANSWER_MAX_BYTES: Final = 80 << 20
"""The maximum size of an answer. It is more than libtorrent can read from resume data. A process with a longer answer
cannot be trusted.
"""

_ANSWER: Final = msgspec.msgpack.Decoder(Exported)


class Exporter:
    """Runs exporting processes, one at a time.

    Args:
        resume_dir: the resume directory.
        sandbox: the mode of the process's sandbox. It equals the engine's mode.
    """

    def __init__(self, resume_dir: Path, sandbox: str) -> None:
        self._resume_dir = resume_dir
        self._sandbox = sandbox
        self._one = asyncio.Lock()

    async def export(self, desired: DesiredTorrent) -> Exported:
        """Returns the .torrent file and the magnet link of a torrent.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE: the process has failed, for example because the disk does not answer.
        """
        async with self._one:
            try:
                answer = await helper.ask(
                    helper.command(MODULE, self._resume_dir, self._sandbox),
                    msgspec.msgpack.encode(desired),
                    patience_s=PATIENCE_S,
                    answer_max_bytes=ANSWER_MAX_BYTES,
                )
                return _ANSWER.decode(answer)
            except (TimeoutError, OSError, msgspec.MsgspecError) as error:
                problem = f"the process that reads the torrent's stored data has failed ({str(error) or 'it hung'})"
                raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, problem, retry_after_ms=1000) from error
