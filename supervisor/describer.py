"""The describer: asks a process of its own what is stored of torrents that no engine has loaded.

For torrents in quarantine, which no engine may load, and for times in which there is no engine at all.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from protocol.desired import DesiredTorrent
from protocol.errors import OuzelError
from protocol.link import EngineEvent, decode_events
from supervisor.engine_environment import engine_environment

MODULE: Final = "engine_proc.describe"
ARGUMENTS: Final = ("-I", "-X", "utf8", "-m")
"""Modules come only from where Ouzel is installed, as for engines."""
PATIENCE_S: Final = 5.0
"""For so many torrents as are asked about at once; whoever takes longer is ended."""
AT_ONCE: Final = 200


class Describer:
    """One process at a time.

    Args:
        resume_dir: where torrents are stored.
    """

    def __init__(self, resume_dir: Path) -> None:
        self._resume_dir = resume_dir
        self._one = asyncio.Lock()

    async def describe(self, torrents: Sequence[DesiredTorrent]) -> list[EngineEvent]:
        """What an engine would tell of these; nothing of those whose files cannot be found out, or in time."""
        async with self._one:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *ARGUMENTS,
                    MODULE,
                    str(self._resume_dir),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    start_new_session=True,
                    env=engine_environment(os.environ),
                )
            except OSError:
                return []
            try:
                async with asyncio.timeout(PATIENCE_S):
                    answer, _ = await process.communicate(msgspec.msgpack.encode(list(torrents)))
                    return decode_events(answer).events
            except (TimeoutError, OuzelError, OSError):
                return []
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    await process.wait()
