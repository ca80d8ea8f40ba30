"""Torrents made of files on disk: what is refused before anything is hashed, and which .torrent files are the same."""

from pathlib import Path
from typing import Any

import libtorrent
import msgspec
import pytest

from engine_proc.files.payload import Unusable
from engine_proc.libtorrent_adapter.making.libtorrent_creation import create, is_same
from protocol.internal.making import CreationOrder
from tools.rig import bencode

lt: Any = libtorrent


def order(path: Path) -> CreationOrder:
    """A simple order."""
    return CreationOrder(
        path=str(path),
        format="v1",
        piece_length=None,
        trackers=[],
        web_seeds=[],
        private=False,
        source="",
        comment="",
        exclude=[],
        output=None,
        created_by="Ouzel",
    )


def refusal(path: Path) -> str:
    """Why no torrent can be made."""
    with pytest.raises(Unusable) as caught:
        create(order(path), lambda done, total: pytest.fail("it hashes"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "stored"), [("a\\b", "ab"), ("a\u202eb", "ab"), ("a\x01b", "a_b"), ("x" * 250, "x" * 240)]
)
def test_a_name_that_clients_would_change_is_refused(tmp_path: Path, name: str, stored: str) -> None:
    """Seeds would not find the file."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(b"a")
    assert f"as 'set/{stored}" in refusal(tmp_path / "set")


def test_names_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    """On some systems they are the same file."""
    for name in ("a", "A"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "file").write_bytes(b"a")
    assert "rename or exclude it" in refusal(tmp_path / "set")


def test_a_file_that_shrinks_is_a_change(tmp_path: Path) -> None:
    """And no error of a disk."""
    (tmp_path / "a").write_bytes(bytes(1 << 20))

    def shrink(*_: int) -> None:
        (tmp_path / "a").write_bytes(b"")

    with pytest.raises(Unusable, match="changed while"):
        create(order(tmp_path / "a"), shrink)


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
def test_a_folder_with_one_file_stays_a_folder(tmp_path: Path, version: Any) -> None:
    """A file alone is a torrent without a folder. libtorrent does not read a v2 torrent of such a folder as one."""
    (tmp_path / "set" / "b").mkdir(parents=True)
    (tmp_path / "set" / "a").write_bytes(b"a")
    (tmp_path / "set" / "b" / "c").write_bytes(b"c")
    for path, exclude, stored in (("set", "c", "set/a"), ("set/a", "c", "a"), ("set", "a", "set/b/c")):
        wanted = msgspec.structs.replace(order(tmp_path / path), format=version, exclude=[exclude])
        if version == "v2" and stored == "set/a":
            with pytest.raises(Unusable, match="give the path of the file"):
                create(wanted, lambda *_: None)
        else:
            storage = lt.load_torrent_buffer(create(wanted, lambda *_: None).metainfo).ti.layout()
            assert storage.file_path(0) == stored


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
def test_the_same_torrent_may_have_other_trackers(tmp_path: Path, version: Any) -> None:
    """And what else does not change the info-hash. Another version is another torrent."""
    (tmp_path / "a").write_bytes(b"a")
    given = msgspec.structs.replace(order(tmp_path / "a"), format=version)

    def made(**more: Any) -> bytes:
        return create(msgspec.structs.replace(given, **more), lambda *_: None).metainfo

    first = made()
    assert is_same(made(trackers=[["http://a/"]], web_seeds=["http://b/"], comment="c", created_by="d"), first)
    assert not is_same(made(source="x"), first)
    assert not is_same(made(format="v2" if version == "v1" else "v1"), first)
    assert not is_same(made(format="v2" if version == "hybrid" else "hybrid"), first)
    for other in (b"", b"no torrent", b"le", bencode.encode({b"info": {b"name": b"a"}})):
        assert not is_same(other, first)
