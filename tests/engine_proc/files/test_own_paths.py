from collections.abc import Callable, Sequence
from typing import Any

import libtorrent
import pytest

from engine_proc.files.own_paths import LONGEST, differing, own_paths
from tools.rig import bencode
from tools.rig.hostile import hostile
from tools.rig.hostile.hostile import PIECE_LENGTH, Entry, Hostile

Maker = Callable[[bytes, Sequence[Entry]], Hostile]
lt: Any = libtorrent
FULL = b"x" * PIECE_LENGTH


def of(metainfo: bytes) -> list[str] | None:
    """A torrent's own names of its files; padding has an empty path."""
    info = lt.load_torrent_buffer(metainfo).ti
    storage = info.layout()
    padding = [bool(storage.file_flags(index) & storage.flag_pad_file) for index in range(storage.num_files())]
    return own_paths(lt.bdecode(info.info_section()), padding)


@pytest.mark.parametrize("make", [hostile.v1, hostile.v2, hostile.hybrid])
def test_names_are_as_the_torrent_has_them(make: Maker) -> None:
    """Whatever libtorrent changes them to; invalid UTF-8 is replaced."""
    made = make(b"..", [Entry([b"..", b"a/b"], FULL), Entry([b"\xff"], FULL), Entry(["\u202ecod.exe".encode()], FULL)])
    found = of(made.metainfo)
    assert found is not None
    assert sorted(found) == ["../../a/b", "../\u202ecod.exe", "../\ufffd"]


def test_the_names_in_utf_8_go_first() -> None:
    """As in libtorrent."""
    made = hostile.v1(b"n", [Entry([b"?"], FULL, in_utf8=["é".encode()]), Entry([b"b"])], **{"name.utf-8": b"m"})
    assert of(made.metainfo) == ["m/é", "m/b"]


def test_a_single_file_has_no_folder() -> None:
    """In either version. A folder that has the torrent's name is still a folder."""
    assert of(hostile.v1_single(b"a/b", FULL).metainfo) == ["a/b"]
    assert of(hostile.v2(b"a", [Entry([b"a"], FULL)]).metainfo) == ["a"]
    assert of(hostile.v2(b"a", [Entry([b"a", b"b"], FULL)]).metainfo) == ["a/a/b"]


def test_padding_is_passed_over() -> None:
    """libtorrent inserts it between the files of a v2 tree itself; a v1 list contains it."""
    info = lt.load_torrent_buffer(hostile.v2(b"n", [Entry([b"a"], b"1"), Entry([b"b"], b"2")]).metainfo).ti
    assert own_paths(lt.bdecode(info.info_section()), [False, True, False]) == ["n/a", "", "n/b"]


@pytest.mark.parametrize(
    "info", [None, [], {}, {b"files": [{}]}, {b"files": 1}, {b"file tree": {b"a": 1}}, {b"files": [1, {b"path": 2}]}]
)
def test_what_cannot_be_told_is_not(info: Any) -> None:
    """An info dictionary that does not fit libtorrent's files raises nothing."""
    found = own_paths(info, [False, False])
    assert found is None or len(found) == 2


def test_what_is_too_long_ends_in_an_ellipsis() -> None:
    """A torrent may have megabytes of names."""
    found = of(hostile.v1(b"n" * 3000, [Entry([b"a"], FULL)] * 2).metainfo)
    assert found is not None
    assert {len(path) for path in found} == {LONGEST}
    assert found[0].endswith("n…")


def test_only_what_differs_is_told() -> None:
    """The result is by index, since the protocol has maps."""
    assert differing({0: "n/a", 2: "n/a.1"}, ["n/a", "", "n/a"]) == {"2": "n/a"}
    assert differing({0: "n/a"}, None) == {}


def test_bencode_is_of_use() -> None:
    """A dictionary whose values have unexpected types is ignored."""
    assert own_paths(lt.bdecode(bencode.encode({b"name": 1, b"length": 1})), [False]) == ["\ufffd"]
