"""The commands that make torrents. Checks their arguments, submits jobs, and adds torrents that shall be seeded."""

import asyncio
import os
from pathlib import Path
from typing import Final

from protocol.internal.making import Created, CreationOrder
from protocol.wire.commands.making_commands import CancelJob, CreateTorrent
from protocol.wire.commands.torrent_commands import AddTorrent
from protocol.wire.desired import Selection
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.making_results import JobAccepted
from protocol.wire.results import AddAccepted
from supervisor.commands.acceptance import GONE, Acceptance
from supervisor.commands.arguments import check_rules, check_url
from supervisor.commands.creating.job_runner import JobRunner
from supervisor.commands.handlers import handles
from supervisor.commands.lifecycle.adding import Adding
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.concurrency.threads import in_thread

ADD_S: Final = 600.0
"""The time limit for adding a created torrent. The limit is long, because hashing may have taken hours."""
AGAIN_S: Final = 2.0


class Creating:
    """Handles the commands that make torrents.

    Args:
        adding: adds torrents.
        created_by: the name of this program, for the .torrent files.
    """

    def __init__(self, *, jobs: JobRunner, roots: DownloadRoots, adding: Adding, created_by: str) -> None:
        self._jobs = jobs
        self._roots = roots
        self._adding = adding
        self._created_by = created_by

    @handles(CreateTorrent)
    async def create(self, command: CreateTorrent, deadline: float) -> Acceptance:
        """Submits a job that makes a torrent."""
        _check(command)
        try:
            async with asyncio.timeout_at(deadline):
                path, output = await in_thread(lambda: self._paths(command))
        except TimeoutError as error:
            problem = "the paths were not resolved before the deadline; nothing was accepted"
            raise OuzelError(ErrorKind.DEADLINE_EXCEEDED, problem) from error
        order = CreationOrder(
            path=path,
            format=command.format,
            piece_length=command.piece_length,
            trackers=command.trackers,
            web_seeds=command.web_seeds,
            private=command.private,
            source=command.source,
            comment=command.comment,
            exclude=command.exclude,
            output=output,
            created_by=self._created_by,
        )

        async def seed(created: Created) -> bool:
            return await self._seed(created, str(Path(path).parent))

        job = self._jobs.submit(order, seed if command.seed else None)
        return Acceptance(JobAccepted(job=job), job, GONE)

    @handles(CancelJob)
    async def cancel(self, command: CancelJob, _: float) -> Acceptance:
        """Cancels a job."""
        self._jobs.cancel(command.job)
        return Acceptance(JobAccepted(job=command.job), command.job, GONE)

    async def _seed(self, created: Created, save_path: str) -> bool:
        """Adds a created torrent. Returns whether the torrent existed already. Raises OuzelError.

        All pieces were hashed just now. So libtorrent loads the torrent in `seed_mode`.
        """
        add = AddTorrent(metainfo=created.metainfo, save_path=save_path, seed_mode=True)
        loop = asyncio.get_running_loop()
        given_up = loop.time() + ADD_S
        while True:
            try:
                result = (await self._adding.add(add, given_up)).result
            except OuzelError as error:
                if error.kind.retry != "later" or loop.time() >= given_up:
                    raise
            else:
                assert isinstance(result, AddAccepted)
                return result.duplicate
            await asyncio.sleep(AGAIN_S)

    def _paths(self, command: CreateTorrent) -> tuple[str, str | None]:
        """The path and the output, with links resolved. Blocks on the disk. Raises OuzelError."""
        path = self._roots.resolve(command.path, "args.path")
        if not os.path.lexists(path):
            raise _invalid("args.path", f"there is no {path!r}")
        if command.seed:
            self._roots.confine(str(Path(path).parent), "args.path")
        return path, None if command.output is None else self._output(command.output)

    def _output(self, given: str) -> str:
        folder, _, name = given.rpartition("/")
        if name in ("", ".", ".."):
            raise _invalid("args.output", f"{given!r} is not the path of a file")
        folder = self._roots.confine(folder or "/", "args.output")
        if not Path(folder).is_dir():
            raise _invalid("args.output", f"there is no directory {folder!r}")
        return f"{folder}/{name}"


def _check(command: CreateTorrent) -> None:
    """Checks the arguments that need no disk. Raises OuzelError."""
    if command.output is None and not command.seed:
        raise _invalid("args.output", "neither `output` nor `seed` is given, so nobody would get the torrent")
    length = command.piece_length
    if length is not None and length & (length - 1):
        raise _invalid("args.piece_length", f"{length} is not a power of two")
    for tier, urls in enumerate(command.trackers):
        for index, url in enumerate(urls):
            check_url(url, f"args.trackers[{tier}][{index}]")
    for index, url in enumerate(command.web_seeds):
        check_url(url, f"args.web_seeds[{index}]")
    check_rules(Selection(exclude=tuple(command.exclude)), "args.exclude")


def _invalid(field: str, problem: str) -> OuzelError:
    return OuzelError(ErrorKind.INVALID_ARGUMENT, f"{field}: {problem}", field=field)
