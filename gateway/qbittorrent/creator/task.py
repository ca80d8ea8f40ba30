"""Tasks, and their status in the form of the API. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from gateway.qbittorrent.routing import flag, whole_number
from protocol.wire.making_results import JobRow, JobState

_STATUS: Final = {
    JobState.QUEUED: "Queued",
    JobState.RUNNING: "Running",
    JobState.FINISHED: "Finished",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Failed",
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a request for a task.

    Fields:
        path: the file or folder.
        output: the path of the .torrent file; empty if the client gave no path.
        piece_length: the size of a piece in bytes. If it is 0, Ouzel chooses the size.
        trackers: URLs; an empty text begins the next tier.
        seed: whether the torrent is added.
    """

    path: str
    output: str
    form: Literal["v1", "v2", "hybrid"]
    piece_length: int
    private: bool
    comment: str
    source: str
    trackers: tuple[str, ...]
    web_seeds: tuple[str, ...]
    seed: bool


class Task(msgspec.Struct, kw_only=True):
    """A task that makes one torrent.

    Fields:
        id: the task's id.
        wanted: the parameters of the client's request.
        added_us: when the task was added, in microseconds since 1970.
        temporary: whether the .torrent file is deleted together with the task.
        job: the latest row of the task's job. None if the daemon refused the job.
        problem: why the daemon refused the job; empty if it accepted the job.
    """

    id: str
    wanted: Wanted
    added_us: int
    temporary: bool = False
    job: JobRow | None = None
    problem: str = ""

    @property
    def status(self) -> str:
        """`Queued`, `Running`, `Finished` or `Failed`."""
        if self.problem:
            return "Failed"
        return "Queued" if self.job is None else _STATUS[self.job.state]


def wanted(fields: Mapping[str, str]) -> Wanted:
    """Reads the parameters of a new task. Wrong values count as absent, as in qBittorrent."""
    output = fields.get("torrentFilePath", "")
    seed = flag(fields.get("startSeeding", ""))
    form = fields.get("format", "").lower()
    return Wanted(
        path=fields["sourcePath"],
        output=output,
        form="v1" if form == "v1" else "v2" if form == "v2" else "hybrid",
        piece_length=max(0, whole_number(fields.get("pieceSize", "")) or 0),
        private=flag(fields.get("private", "")) or False,
        comment=fields.get("comment", ""),
        source=fields.get("source", ""),
        trackers=tuple(fields.get("trackers", "").strip("|").split("|")),
        web_seeds=tuple(each for each in fields.get("urlSeeds", "").split("|") if each),
        seed=not output if seed is None else seed,
    )


def tiers(trackers: tuple[str, ...]) -> list[list[str]]:
    """Returns the URLs by tier. An empty text begins the next tier."""
    found: list[list[str]] = [[]]
    for each in trackers:
        if each:
            found[-1].append(each)
        else:
            found.append([])
    return [tier for tier in found if tier]


def status(task: Task) -> dict[str, Any]:
    """Returns a task as `torrentcreator/status` shows it. Empty texts and lists are left out."""
    asked, job = task.wanted, task.job
    shown: dict[str, Any] = {
        "taskID": task.id,
        "sourcePath": asked.path,
        "pieceSize": asked.piece_length,
        "private": asked.private,
        "timeAdded": _time(task.added_us),
        "format": asked.form,
        "status": task.status,
    }
    optional = {
        "comment": asked.comment,
        "torrentFilePath": asked.output,
        "source": asked.source,
        "trackers": [each for each in asked.trackers if each],
        "urlSeeds": asked.web_seeds,
        "errorMessage": task.problem or ((job and job.problem) or "" if task.status == "Failed" else ""),
    }
    shown |= {name: value for name, value in optional.items() if value}
    if job is not None and job.ended_us is not None:
        shown["timeFinished"] = _time(job.ended_us)
    if job is not None and job.state is JobState.RUNNING:
        shown["progress"] = 100 * job.bytes_done // job.bytes_total if job.bytes_total else 0
    return shown


def _time(us: int) -> str:
    """A time in the form of Qt, in the local zone."""
    return datetime.fromtimestamp(us / 1_000_000).astimezone().strftime("%a %b %-d %H:%M:%S %Y")
