"""`torrent-get`."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import msgspec

from gateway.transmission.torrents.getting import torrent_get
from protocol.wire.rows import TorrentRow
from tests.gateway.transmission.samples import face_of, row

ROWS = [row(1), row(2), row(3, torrent="ab" * 20)]


def get(path: Path, rows: list[TorrentRow] = ROWS, **arguments: Any) -> dict[str, Any]:
    """The answer of `torrent-get`."""

    async def answer() -> dict[str, Any]:
        face, _ = await face_of(path, rows)
        with closing(face.gateway.store):
            return await torrent_get(face, {"fields": ["id", "nonsense", "hashString"], **arguments})

    return decoded(asyncio.run(answer()))


def decoded(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as a client has it."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(answer))
    return found


def ids(answer: dict[str, Any]) -> list[int]:
    """The ids in an answer."""
    return [each["id"] for each in answer["torrents"]]


def test_ids_are_numbers_hashes_or_both(tmp_path: Path) -> None:
    """Ids are numbers hashes or both."""
    assert ids(get(tmp_path)) == [1, 2, 3]
    assert ids(get(tmp_path, ids=2)) == [2]
    assert ids(get(tmp_path, ids=[])) == ids(get(tmp_path, ids=["nonsense"])) == []
    assert ids(get(tmp_path, ids=[3, f"{1:040x}", 99, "ff" * 20, True])) == [3, 1]
    assert ids(get(tmp_path, ids="AB" * 20)) == [3]
    assert ids(get(tmp_path, ids=[])) == []
    assert ids(get(tmp_path, ids=None)) == []


def test_a_bad_row_costs_neither_the_list_nor_an_error(tmp_path: Path) -> None:
    """Fields that fail have the values of an empty torrent in state `error`. The others stay."""
    bad = msgspec.structs.replace(ROWS[1], state=cast("Any", "new"), content=cast("Any", 5))
    found = get(tmp_path, [ROWS[0], bad], fields=["id", "name", "status", "downloadDir"])["torrents"]
    assert found[1] == {"id": 2, "name": bad.torrent, "status": 0, "downloadDir": "/downloads"}
    assert found[0]["name"] == "root 1"


def test_unknown_fields_are_left_out(tmp_path: Path) -> None:
    """Unknown fields are left out."""
    assert get(tmp_path, ids=1)["torrents"] == [{"id": 1, "hashString": f"{1:040x}"}]


def test_a_table_begins_with_the_names(tmp_path: Path) -> None:
    """A table begins with the names."""
    answer = get(tmp_path, ids=[1], format="table")
    assert answer["torrents"] == [["id", "hashString"], [1, f"{1:040x}"]]


def test_recently_active_tells_of_what_was_removed(tmp_path: Path) -> None:
    """Recently active tells of what was removed."""
    answer = get(tmp_path, ids="recently-active")
    assert answer["removed"] == []


def test_the_mirror_answers_while_the_daemon_is_away(tmp_path: Path) -> None:
    """The mirror answers while the daemon is away."""

    async def answer() -> tuple[dict[str, Any], list[Any]]:
        face, daemon = await face_of(tmp_path, ROWS)
        face.mirror.away = True
        with closing(face.gateway.store):
            return await torrent_get(face, {"fields": ["id", "files", "peers", "trackerStats"]}), daemon.calls

    found, called = asyncio.run(answer())
    assert ids(decoded(found)) == [1, 2, 3]
    assert called == []
