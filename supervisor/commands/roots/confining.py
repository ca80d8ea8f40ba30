"""Resolves save paths that clients name. Runs in a thread, because a hung disk must not block the loop."""

import asyncio
from functools import partial
from typing import Final

from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.concurrency.shared_calls import SharedCalls

DISK_PATIENCE_S: Final = 0.5
"""The time that a disk may take to resolve a path.

If the client's deadline comes first, the disk is not reported as hung.
"""


class Confiner:
    """Resolves save paths. Pipelined requests with the same path share one look at the disk."""

    def __init__(self, roots: DownloadRoots) -> None:
        self._roots = roots
        self._looks: SharedCalls[str] = SharedCalls()

    async def confined(self, path: str | None, field: str, deadline: float) -> str:
        """Returns the resolved path. A download root needs no thread.

        Args:
            path: an absolute path; None means the default root.
            field: the argument that errors name.

        Raises:
            OuzelError: PATH_NOT_ALLOWED.
            OuzelError: DEADLINE_EXCEEDED or STORAGE_UNAVAILABLE: the disk did not answer.
        """
        confine = partial(self._roots.confine, path, field)
        if self._roots.is_root(path):
            return confine()
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._looks.run((path, field), confine)
        except TimeoutError as error:
            if deadline - began < DISK_PATIENCE_S:
                problem = "the save path was not resolved before the deadline; nothing was accepted"
                raise OuzelError(ErrorKind.DEADLINE_EXCEEDED, problem) from error
            raise OuzelError(
                ErrorKind.STORAGE_UNAVAILABLE,
                f"{field}: its file system does not answer; nothing was accepted",
                field=field,
                retry_after_ms=10_000,
            ) from error
