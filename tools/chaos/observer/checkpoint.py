"""The state between two rounds, read from the daemon and from disk."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import libtorrent
import psutil

import ouzel
from protocol.wire.rows import TorrentRow, TorrentState
from tools.chaos.history.entries import Checkpoint, Fields, Finished, Resources
from tools.chaos.history.recorder import now
from tools.chaos.traffic.subscriber import TableReader
from tools.chaos.traffic.torrents import Source, values_of, values_on_disk
from tools.chaos.world import processes
from tools.chaos.world.world import World
from tools.rig import payload

lt: Any = libtorrent

RECOVERS_S: Final = 60.0
SEARCH_S: Final = 240.0
"""The same while the daemon searches for a poison torrent. Each step of the search may take a minute (ADR 016)."""
AGREES_S: Final = 5.0
COMPLETE: Final = (TorrentState.FINISHED, TorrentState.SEEDING)
LEFT_S: Final = 3.0
_RECORD: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.json")


def checkpoint(world: World, reader: TableReader, round_: int) -> Checkpoint:
    """Waits until the daemon has recovered, and reads its state."""
    began, troubles = now(), [""]
    while troubles and now() < began + (SEARCH_S if _searches(troubles) else RECOVERS_S):
        for path in (world.daemon.resume_dir / "damaged").glob("*.fastresume*"):
            path.unlink(missing_ok=True)  # as an operator does; until then `health` has the file
        troubles = _troubles(world)
        if troubles:
            time.sleep(0.1)
    recovered_s = None if troubles else round(now() - began, 3)
    rows = list(_asked(world, lambda client: client.list_torrents()))
    by_id = {source.torrent: source for source in world.sources}
    told = _told(world)
    ids = {row.torrent for row in rows} | {path.stem for path in _records(world)}
    return Checkpoint(
        at=now(),
        round=round_,
        recovered_s=recovered_s,
        troubles=troubles,
        torrents=told,
        disk=_on_disk(world),
        strangers=sorted(ids - by_id.keys()),
        quarantined=[by_id[row.torrent].number for row in rows if _is_quarantined(row) and row.torrent in by_id],
        table=_table(world, reader),
        files={by_id[row.torrent].number: _right(row, by_id[row.torrent]) for row in rows if _complete(row, by_id)},
        uploaded=_uploaded(world),
        outside=_outside(world),
        resources=_resources(world.daemon.pid),
    )


def finish(world: World) -> Finished:
    """Ends the daemon, and looks at what is left."""
    exit_code = world.stop()
    deadline = time.monotonic() + LEFT_S
    while (left := [each.pid for each in processes.engines(world.runtime_dir)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    claimed = {source.number: _wrongly_claimed(world, source) for source in world.sources if source.made is not None}
    return Finished(at=now(), exit_code=exit_code, left=left, claimed=claimed)


def _asked(world: World, ask: Callable[[ouzel.Client], Any]) -> Any:
    """The answer to a read. While the daemon is slow, repeats the read."""
    for _ in range(5):
        try:
            return ask(world.daemon.client)
        except ouzel.RequestTimeout:
            continue
    return ask(world.daemon.client)


def _troubles(world: World) -> list[str]:
    """The reasons why the daemon has not recovered yet."""
    health = _asked(world, lambda client: client.health())
    found = [f"{reason.component} {reason.subject}: {reason.message}" for reason in health.reasons]
    if health.engine.state != "running" or health.restore.done != health.restore.total:
        found.append(f"the engine is {health.engine.state}, {health.restore.done} of {health.restore.total} restored")
    for source in world.sources:
        detail = _detail(world, source)
        if detail is None:
            continue
        if detail["applied_revision"] != detail["revision"]:
            found.append(f"torrent {source.number}: a change is not applied")
        if detail["moving"] is not None:
            found.append(f"torrent {source.number}: is being moved")
        if detail["state"] in ("error", "missing_storage", "checking") or detail["error"]:
            found.append(f"torrent {source.number}: {detail['state']}, {detail['error']}")
        if (detail["state"] == "paused") != detail["paused"]:
            found.append(f"torrent {source.number}: is {detail['state']}, paused is {detail['paused']}")
    return found


def _searches(troubles: list[str]) -> bool:
    return any(each.startswith("engine bisection") for each in troubles)


def _detail(world: World, source: Source) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = _asked(world, lambda client: client.request("get_torrent", {"torrent": source.torrent}))
    except ouzel.Refused as refused:
        if refused.body.name != "unknown_torrent":
            raise
        return None
    return found


def _told(world: World) -> dict[int, Fields]:
    found = {source.number: _detail(world, source) for source in world.sources}
    return {index: {} if detail is None else values_of(detail) for index, detail in found.items()}


def _records(world: World) -> list[Path]:
    return [path for path in world.daemon.resume_dir.iterdir() if _RECORD.fullmatch(path.name)]


def _on_disk(world: World) -> dict[int, Fields]:
    known = {path.stem: path for path in _records(world)}
    found = {}
    for source in world.sources:
        path = known.get(source.torrent)
        found[source.number] = {} if path is None else values_on_disk(json.loads(path.read_bytes()))
    return found


def _is_quarantined(row: TorrentRow) -> bool:
    return row.state is TorrentState.QUARANTINED


def _complete(row: TorrentRow, known: dict[str, Source]) -> bool:
    return row.state in COMPLETE and row.torrent in known and known[row.torrent].made is not None


def _right(row: TorrentRow, source: Source) -> bool:
    made = source.made
    assert made is not None
    return payload.sha1(Path(row.save_path) / made.name) == payload.sha1(made.root / made.name)


def _table(world: World, reader: TableReader) -> list[str]:
    """The differences between a reader's table and the daemon's rows. Retries, because the table may lag behind."""
    deadline = time.monotonic() + AGREES_S
    while True:
        rows = list(_asked(world, lambda client: client.list_torrents()))
        found = reader.differences(rows)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def _uploaded(world: World) -> dict[int, int]:
    each = world.seed.uploaded_each()
    return {source.number: each.get(source.torrent, 0) for source in world.sources if source.made is not None}


def _outside(world: World) -> list[str]:
    """What differs from the expected content of the directories beside the roots."""
    expected = {"canary", "d", "failpoints", "other", "seeded", "strace.log"}
    found = [f"new: {path.name}" for path in world.root.iterdir() if path.name not in expected]
    found += [f"new: canary/{path.name}" for path in world.canary.iterdir() if path.name != "file"]
    file = world.canary / "file"
    if not file.exists() or file.read_text() != world.canary_text:
        found.append("changed: canary/file")
    return found


def _resources(pid: int) -> Resources:
    process = psutil.Process(pid)
    samples = []
    for _ in range(5):
        samples.append((process.num_fds(), process.num_threads(), len(process.children())))
        time.sleep(0.02)
    fds, threads, children = min(samples)
    return Resources(pid=pid, fds=fds, threads=threads, children=children, uss=process.memory_full_info().uss)


def _wrongly_claimed(world: World, source: Source) -> int:
    """How many claimed pieces of a download have a wrong hash on disk."""
    made = source.made
    assert made is not None
    found = list(world.daemon.resume_dir.rglob(f"{source.torrent}.fastresume"))
    record = world.daemon.resume_dir / f"{source.torrent}.json"
    if not found or not record.exists():
        return 0
    try:
        params = lt.read_resume_data(found[0].read_bytes())
    except RuntimeError:
        return 0  # a fault has damaged it
    info = lt.load_torrent_buffer(source.metainfo).ti
    place = Path(json.loads(record.read_bytes())["save_path"])
    files = info.files()
    paths = [place / files.file_path(index) for index in range(files.num_files())]
    content = b"".join(
        (path.read_bytes() if path.exists() else b"").ljust(files.file_size(index), b"\0")
        for index, path in enumerate(paths)
    )
    length = info.piece_length()
    wrong = 0
    for piece, claimed in enumerate(params.have_pieces[: info.num_pieces()]):
        data = content[piece * length : piece * length + info.piece_size(piece)]
        if claimed and hashlib.sha1(data, usedforsecurity=False).digest() != info.hash_for_piece(piece):
            wrong += 1
    return wrong
