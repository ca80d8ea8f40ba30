from typing import Annotated, Literal

import msgspec
import pytest

from protocol.wire.commands.kinds import TorrentId
from protocol.wire.commands.torrent_commands import AddTorrent, ListTorrents
from protocol.wire.reports import HealthStatus
from tools.spec.types import bounds_of, default_of, fields_of, name_of, within


class Inner(msgspec.Struct):
    pass


class Tuple(msgspec.Struct, array_like=True):
    pass


class Outer(msgspec.Struct):
    plain: int
    small: Annotated[int, msgspec.Meta(ge=1, le=9)]
    open: Annotated[int, msgspec.Meta(ge=0)]
    id: TorrentId
    maybe: str | None
    inner: list[Inner] | None
    row: Tuple
    by_name: dict[str, Inner]
    status: HealthStatus
    either: Literal["a", "b"]
    data: bytes
    few: Annotated[list[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(max_length=3)]


@pytest.mark.parametrize(
    ("name", "type_", "bounds"),
    [
        ("plain", "integer", ""),
        ("small", "integer", "1..9"),
        ("open", "integer", "0..2^53-1"),
        ("id", "string", r"`^([0-9a-f]{40}\|[0-9a-f]{64})$`"),
        ("maybe", "string or null", ""),
        ("inner", "array of [Inner](#inner) or null", ""),
        ("row", "[Tuple](#tuple) as an array", ""),
        ("by_name", "map of [Inner](#inner)", ""),
        ("status", "`starting` or `healthy` or `degraded` or `unhealthy` or `stopping`", ""),
        ("either", "`a` or `b`", ""),
        ("data", "bytes", ""),
        ("few", "array of string", "0..3 items; each 1.. characters"),
    ],
)
def test_types_are_told_in_the_words_of_the_wire(name: str, type_: str, bounds: str) -> None:
    """Not in Python's terms."""
    [field] = [field for field in fields_of(Outer) if field.name == name]
    assert (name_of(field.type), bounds_of(field.type)) == (type_, bounds)


def test_defaults_are_told_as_json() -> None:
    """A member without a default is required, or may be absent."""
    told = {field.name: default_of(field) for kind in (AddTorrent, ListTorrents, Outer) for field in fields_of(kind)}
    assert told["plain"] == "required"
    assert (told["paused"], told["labels"], told["cursor"], told["limit"]) == ("`false`", "`[]`", "`null`", "`1000`")
    assert told["rules"] == '`{"include": [], "exclude": [], "skip_fluff": false}`'


def test_messages_within_a_type_are_found() -> None:
    """Through arrays, maps and unions."""
    found = [kind for field in fields_of(Outer) for kind in within(field.type)]
    assert found == [Inner, Tuple, Inner]
