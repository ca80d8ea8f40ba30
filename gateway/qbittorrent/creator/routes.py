"""The endpoints of `torrentcreator`."""

import asyncio
import time
from pathlib import Path, PurePath
from typing import Final
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.context import Gateway
from gateway.daemon.daemon import Unavailable
from gateway.qbittorrent.creator.task import Task, Wanted, status, tiers, wanted
from gateway.qbittorrent.preferences.preferences import known
from gateway.qbittorrent.routing import change, read, require
from gateway.web import answers
from gateway.web.fields import Fields
from ouzel.client import calls
from ouzel.errors import Refused

DEADLINE_MS: Final = 4_000
"""The time limit of a request to the daemon. After this time, the last known rows of jobs are shown."""
MAX_TASKS: Final = 100
"""The maximum number of tasks. Beyond it, the oldest task that has ended is dropped."""
MAX_BYTES: Final = 100 * 1024 * 1024
"""The maximum size of a .torrent file that is returned."""


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Returns the routes."""
    creator = Creator(gateway)
    return [
        change("torrentcreator/addTask", creator.add),
        read("torrentcreator/status", creator.status),
        read("torrentcreator/torrentFile", creator.torrent_file),
        change("torrentcreator/deleteTask", creator.delete),
    ]


class Creator:
    """The handlers of `torrentcreator`, and the tasks by id."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: dict[str, Task] = {}

    async def add(self, fields: Fields) -> Response:
        """Adds a task. Returns its id."""
        require(fields, "sourcePath")
        asked = wanted(fields)
        await self._refresh()
        self._make_room()
        output = asked.output
        temporary = not output and not asked.seed
        if temporary:
            output = str(PurePath(known(self._gateway, "save_path")) / f".{uuid4()}.torrent")
        task = Task(id=str(uuid4()), wanted=asked, added_us=time.time_ns() // 1000, temporary=temporary)
        try:
            task.id = await self._create(asked, output)
        except Refused as refusal:
            task.problem = refusal.message
        self._tasks[task.id] = task
        return answers.json({"taskID": task.id})

    async def status(self, fields: Fields) -> Response:
        """The status of one task, or of all tasks."""
        await self._refresh()
        chosen = [self._task(fields["taskID"])] if fields.get("taskID") else list(self._tasks.values())
        return answers.json([status(task) for task in chosen])

    async def torrent_file(self, fields: Fields) -> Response:
        """The .torrent file of a task that is finished."""
        require(fields, "taskID")
        await self._refresh()
        task = self._task(fields["taskID"])
        if task.status == "Failed":
            raise HTTPException(409, "Torrent creation failed.")
        if task.status != "Finished" or task.job is None:
            raise HTTPException(409, "Torrent creation is still unfinished.")
        content = await self._content(task)
        headers = {"Content-Disposition": f'attachment; filename="{task.id}.torrent"'}
        return Response(content, 200, headers, "application/x-bittorrent")

    async def delete(self, fields: Fields) -> Response:
        """Cancels and deletes a task."""
        require(fields, "taskID")
        task = self._task(fields["taskID"])
        if not task.problem:
            await self._gateway.daemon.run(calls.cancel_job(task.id))
            await self._refresh()
        del self._tasks[task.id]
        if task.temporary and task.job is not None and task.job.output is not None:
            await asyncio.to_thread(_delete, Path(task.job.output))
        return answers.text()

    async def _create(self, asked: Wanted, output: str) -> str:
        return await self._gateway.daemon.run(
            calls.create_torrent(
                asked.path,
                format=asked.form,
                piece_length=asked.piece_length or None,
                trackers=tiers(asked.trackers),
                web_seeds=asked.web_seeds,
                private=asked.private,
                source=asked.source,
                comment=asked.comment,
                output=output or None,
                seed=asked.seed,
            )
        )

    async def _refresh(self) -> None:
        """Reads the jobs of the tasks. While the daemon is away, the last known rows stay."""
        if self._gateway.mirror.away:
            return
        try:
            jobs = await self._gateway.daemon.run(calls.list_jobs(), deadline_ms=DEADLINE_MS)
        except Unavailable:
            return
        for job in jobs:
            if job.job in self._tasks:
                self._tasks[job.job].job = job
        found = {job.job for job in jobs}
        for task in self._tasks.values():
            if not task.problem and task.id not in found and task.status in ("Queued", "Running"):
                task.problem = "The daemon ended before the task did."

    async def _content(self, task: Task) -> bytes:
        """The content of the .torrent file, from the engine's catalogue or from disk. Raises HTTPException."""
        assert task.job is not None
        if task.wanted.seed and task.job.torrent is not None:
            try:
                exported = await self._gateway.daemon.run(calls.export_torrent(task.job.torrent))
            except Refused:
                pass  # it was removed meanwhile
            else:
                if exported.metainfo is not None:
                    return exported.metainfo
        if task.job.output is None:
            raise HTTPException(409, "The torrent was removed.")
        try:
            return await asyncio.to_thread(_read, Path(task.job.output))
        except OSError as error:
            raise HTTPException(409, f"{task.job.output}: {error.strerror}") from error

    def _make_room(self) -> None:
        if len(self._tasks) < MAX_TASKS:
            return
        ended = [task.id for task in self._tasks.values() if task.status in ("Failed", "Finished")]
        if not ended:
            raise HTTPException(409, "Too many active tasks")
        del self._tasks[ended[0]]

    def _task(self, task_id: str) -> Task:
        if task_id not in self._tasks:
            raise HTTPException(404, "Not Found")
        return self._tasks[task_id]


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES)


def _delete(file: Path) -> None:
    try:
        file.unlink()
    except OSError:
        return  # it is gone, or belongs to another user
