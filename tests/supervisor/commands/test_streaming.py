import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol.internal.link_commands import SetDeadline
from protocol.wire.errors import ErrorKind
from protocol.wire.events.torrent_events import FileEntry
from supervisor.commands.streaming import KEPT
from supervisor.engine.torrents.observed.packed_files import Metadata
from tests.supervisor.bench import Bench, bench
from tests.supervisor.commands.test_mutations import POISON, do, refused
from tests.supervisor.samples import OTHER, V1, desired

FILES = [FileEntry(0, "a", 10, 4), FileEntry(2, "b", 20, 0), FileEntry(3, "c", 30, 7)]
"""File 1 is padding."""


async def fill(on: Bench) -> None:
    """A torrent whose files are known."""
    await on.catalogue.put(desired())
    on.snapshot.of(V1).metadata = Metadata.of(FILES)


async def want(on: Bench, **changes: Any) -> dict[str, Any]:
    """Requests a part of the last file."""
    args: dict[str, Any] = {"torrent": V1, "file": 3, "offset": 5, "length": 25} | changes
    return await do(on, "set_piece_deadlines", **args)


async def test_a_deadline_is_passed_to_each_engine_until_it_is_due(tmp_path: Path) -> None:
    """With the time that is left; one that has passed is not passed on."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await fill(on)
        assert await want(on, deadline_ms=60_000) == {"torrent": V1}
        await want(on, offset=6, length=1, deadline_ms=0)
        sent = await engine.given(SetDeadline, 2)
        first = SetDeadline(torrent=V1, file=3, offset=5, length=25, due_in_ms=60_000)
        assert sent == [first, SetDeadline(torrent=V1, file=3, offset=6, length=1, due_in_ms=0)]
        await asyncio.sleep(0.01)
        on.mutations.engine_ready()
        again = (await engine.given(SetDeadline, 3))[2:]
        assert [msgspec.structs.replace(each, due_in_ms=60_000) for each in again] == [first]
        assert again[0].due_in_ms < 60_000


async def test_a_bounded_number_is_kept(tmp_path: Path) -> None:
    """A player that seeks sends many."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await fill(on)
        for number in range(KEPT + 3):
            await want(on, offset=number % 30, length=1, deadline_ms=60_000 + number)
        on.snapshot.of(V1).metadata = Metadata.of([FileEntry(0, "a", 5000, 4)])
        for number in range(KEPT + 3):
            await want(on, file=0, offset=number, length=1, deadline_ms=60_000)
        sent = len(await engine.given(SetDeadline, 2 * KEPT + 6))
        on.mutations.engine_ready()
        assert len(await engine.given(SetDeadline, sent + KEPT)) == sent + KEPT


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"file": 1}, ErrorKind.INVALID_ARGUMENT, "args.file"),
        ({"file": 4}, ErrorKind.INVALID_ARGUMENT, "args.file"),
        ({"file": 2}, ErrorKind.FILE_NOT_SELECTED, "args.file"),
        ({"offset": 30}, ErrorKind.INVALID_ARGUMENT, "args.offset"),
        ({"length": 26}, ErrorKind.INVALID_ARGUMENT, "args.length"),
        ({"torrent": OTHER}, ErrorKind.UNKNOWN_TORRENT, "args.torrent"),
    ],
)
async def test_a_part_that_cannot_be_had_is_refused(
    tmp_path: Path, changes: dict[str, Any], kind: ErrorKind, field: str
) -> None:
    """With the argument that is wrong."""
    async with bench(tmp_path) as on:
        await fill(on)
        args: dict[str, Any] = {"torrent": V1, "file": 3, "offset": 5, "length": 25, "deadline_ms": 1} | changes
        error = await refused(on, "set_piece_deadlines", **args)
        assert (error.kind, error.field) == (kind, field)


async def test_a_torrent_that_does_not_download_is_refused(tmp_path: Path) -> None:
    """A client should not wait for data that will not come."""
    async with bench(tmp_path) as on:
        await fill(on)
        args: dict[str, Any] = {"torrent": V1, "file": 0, "offset": 0, "length": 1, "deadline_ms": 1}
        on.snapshot.of(V1).metadata = None
        assert (await refused(on, "set_piece_deadlines", **args)).kind is ErrorKind.NO_METADATA
        await on.catalogue.put(desired(paused=True))
        assert (await refused(on, "set_piece_deadlines", **args)).kind is ErrorKind.TORRENT_PAUSED
        await on.catalogue.put(desired(quarantine=POISON))
        assert (await refused(on, "set_piece_deadlines", **args)).kind is ErrorKind.QUARANTINED
