import asyncio
import errno
import json
import os
import shutil
import stat
import threading
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.durable.integrity import encode_record
from protocol.durable.recycler import REPLACED_MIN
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent, Selection
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store.catalogue import Catalogue
from tests.supervisor.samples import OTHER, V1, V2, desired

pytestmark = pytest.mark.slow

WRITE_PATIENCE_S = 5.0


@contextmanager
def opened(directory: Path) -> Iterator[Catalogue]:
    """A catalogue that is closed at the end of the test."""
    catalogue = Catalogue(ResumeDir(directory))
    try:
        yield catalogue
    finally:
        catalogue.close()


def names(directory: Path) -> list[str]:
    """All file names, and the engine's directory if it is not empty."""
    empty = {"fastresume"} - {path.parent.name for path in directory.glob("fastresume/*")}
    return sorted({path.name for path in directory.iterdir()} - empty)


def contents(directory: Path) -> dict[str, bytes]:
    """All files and their contents."""
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def loaded(directory: Path) -> tuple[dict[str, DesiredTorrent], dict[str, DesiredTorrent], DesiredSession]:
    """What a supervisor that starts now would load."""
    with opened(directory) as catalogue:
        assert catalogue.load() == []
        return catalogue.torrents, catalogue.leaving, catalogue.session


@asynccontextmanager
async def with_torrents(directory: Path, *torrents: DesiredTorrent) -> AsyncIterator[Catalogue]:
    """A catalogue with these torrents."""
    with opened(directory) as catalogue:
        for torrent in torrents:
            await catalogue.put(torrent)
        yield catalogue


async def refused(write: Coroutine[Any, Any, None]) -> OuzelError:
    """The error of a write that must fail; a write that never returns fails the test."""
    async with asyncio.timeout(WRITE_PATIENCE_S):
        with pytest.raises(OuzelError) as error:
            await write
    return error.value


async def test_what_was_put_is_what_is_loaded(tmp_path: Path) -> None:
    """Every field, and the metainfo beside it."""
    given_torrent = desired(
        V2,
        source="metainfo",
        magnet=None,
        name='a "name" with ünï\n',
        selection=Selection(include=("*.mkv",), priorities={"3": 7}),
        labels=("ä",),
        peers=("1.2.3.4:5",),
        added_us=2**52,
        revision=7,
    )
    with opened(tmp_path) as catalogue:
        await catalogue.put(given_torrent, metainfo=b"d4:infoe")
    assert loaded(tmp_path)[0] == {V2: given_torrent}
    assert (tmp_path / f"{V2}.torrent").read_bytes() == b"d4:infoe"


def test_one_thread_writes(tmp_path: Path) -> None:
    """It ends with the catalogue."""
    before = set(threading.enumerate())
    with opened(tmp_path):
        [writer] = [thread for thread in threading.enumerate() if thread not in before and thread.name == "catalogue"]
    assert not writer.is_alive()


async def test_a_change_is_on_disk_before_it_can_be_read(tmp_path: Path) -> None:
    """During the write, memory has the old state; as soon as memory has the new one, the disk has it, too."""
    async with with_torrents(tmp_path, desired()) as catalogue:
        putting = asyncio.ensure_future(catalogue.put(desired(paused=True)))
        while not putting.done():
            on_disk = json.loads((tmp_path / f"{V1}.json").read_bytes())
            if catalogue.torrents[V1].paused:
                assert on_disk["paused"]
            await asyncio.sleep(0)
        await putting
        assert catalogue.torrents[V1].paused
        assert loaded(tmp_path)[0][V1].paused


async def test_files_are_readable_for_people(tmp_path: Path) -> None:
    """Indented JSON with a final newline, and no temporary file beside it."""
    async with with_torrents(tmp_path, desired()) as catalogue:
        await catalogue.put_session(DesiredSession(download_bps=5))
    text = (tmp_path / f"{V1}.json").read_text()
    assert text.startswith('{\n  "checksum"')
    assert text.endswith("}\n")
    assert names(tmp_path) == [f"{V1}.json", "session.json"]


async def test_a_directory_that_is_gone_refuses_and_heals(tmp_path: Path) -> None:
    """STORAGE_UNAVAILABLE, memory as before, and works again once the directory is back."""
    directory = tmp_path / "resume"
    directory.mkdir()
    async with with_torrents(directory, desired()) as catalogue:
        shutil.rmtree(directory)
        error = await refused(catalogue.put(desired(paused=True)))
        assert error.kind is ErrorKind.STORAGE_UNAVAILABLE
        assert error.retry_after_ms is not None
        assert (await refused(catalogue.put(desired(OTHER)))).kind is ErrorKind.STORAGE_UNAVAILABLE
        assert (await refused(catalogue.put_session(DesiredSession(download_bps=1)))).kind is (
            ErrorKind.STORAGE_UNAVAILABLE
        )
        assert catalogue.torrents == {V1: desired()}
        assert catalogue.session == DesiredSession()
        directory.mkdir()
        await catalogue.put(desired(paused=True))
        assert catalogue.torrents == {V1: desired(paused=True)} == loaded(directory)[0]


async def test_a_directory_that_became_a_file_refuses_and_heals(tmp_path: Path) -> None:
    """Every error of the operating system is a refusal, also during cleanup; the writer goes on."""
    directory = tmp_path / "resume"
    directory.mkdir()
    async with with_torrents(directory, desired()) as catalogue:
        shutil.rmtree(directory)
        directory.write_bytes(b"")
        assert (await refused(catalogue.put(desired(paused=True)))).kind is ErrorKind.STORAGE_UNAVAILABLE
        assert catalogue.torrents == {V1: desired()}
        directory.unlink()
        directory.mkdir()
        await catalogue.put(desired(paused=True))
        assert loaded(directory)[0] == {V1: desired(paused=True)}


async def test_a_file_that_cannot_be_replaced_leaves_all_as_it_was(tmp_path: Path) -> None:
    """Neither file has new content without the other: metainfo and desired state belong together."""
    with opened(tmp_path) as catalogue:
        (tmp_path / f"{V1}.torrent.tmp").mkdir()
        error = await refused(catalogue.put(desired(source="metainfo"), metainfo=b"d4:infoe"))
        assert error.kind is ErrorKind.STORAGE_UNAVAILABLE
        assert catalogue.torrents == {}
    assert loaded(tmp_path)[0] == {}
    assert not (tmp_path / f"{V1}.torrent").exists()


async def test_a_removed_torrent_is_leaving_until_it_is_dropped(tmp_path: Path) -> None:
    """The removal's record is durable, is not listed among the torrents, and ends with `drop`."""
    leaving = desired(removal="delete_files", revision=2)
    with opened(tmp_path) as catalogue:
        await catalogue.put(desired(source="metainfo"), metainfo=b"d4:infoe")
        await catalogue.put(desired(OTHER))
        await catalogue.put(leaving)
        assert (catalogue.torrents, catalogue.leaving) == ({OTHER: desired(OTHER)}, {V1: leaving})
        assert loaded(tmp_path)[:2] == ({OTHER: desired(OTHER)}, {V1: leaving})
        await catalogue.drop(V1)
        assert catalogue.leaving == {}
        assert loaded(tmp_path)[:2] == ({OTHER: desired(OTHER)}, {})
        assert names(tmp_path) == [f"{OTHER}.json"]
        await catalogue.drop(V1)


async def test_a_torrent_that_comes_again_is_not_leaving(tmp_path: Path) -> None:
    """The new record replaces the removal's."""
    async with with_torrents(tmp_path, desired(removal="keep_files"), desired(revision=3)) as catalogue:
        assert (catalogue.torrents, catalogue.leaving) == ({V1: desired(revision=3)}, {})
    assert loaded(tmp_path)[:2] == ({V1: desired(revision=3)}, {})


async def test_session_limits_outlive_the_process(tmp_path: Path) -> None:
    """`session.json` has the limits that clients set, and null for others."""
    with opened(tmp_path) as catalogue:
        await catalogue.put_session(DesiredSession(upload_bps=0, revision=2))
    assert loaded(tmp_path)[2] == DesiredSession(download_bps=None, upload_bps=0, revision=2)


async def test_many_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    """For one torrent the last change wins, for different ones all do."""
    ids = [f"{number:040x}" for number in range(100)]
    with opened(tmp_path) as catalogue:
        await asyncio.gather(*(catalogue.put(desired(torrent)) for torrent in ids))
        await asyncio.gather(*(catalogue.put(desired(V1, revision=number)) for number in range(1, 50)))
    torrents, _, _ = loaded(tmp_path)
    assert set(torrents) == {*ids, V1}
    assert torrents[V1].revision == 49


async def test_a_file_cut_at_any_length_is_put_aside_and_the_rest_loads(tmp_path: Path) -> None:
    """Each truncated record damages one torrent: it is not lost, not fatal, and reported by name.

    That each length is noticed is shown where records are read; here are some.
    """
    async with with_torrents(tmp_path, desired(), desired(OTHER)):
        pass
    whole = (tmp_path / f"{V1}.json").read_bytes()
    lengths = range(0, len(whole.rstrip()), 13)
    for length in lengths:
        (tmp_path / f"{V1}.json").write_bytes(whole[:length])
        with opened(tmp_path) as catalogue:
            (file,) = catalogue.load()
            assert catalogue.torrents == {OTHER: desired(OTHER)}
        assert file.torrent == V1
        assert f"{V1}.json" in file.what
        assert not (tmp_path / f"{V1}.json").exists()
    aside = sorted(path.stat().st_size for path in (tmp_path / "damaged").iterdir())
    assert aside == list(lengths)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"{}",
        json.dumps({"torrent": OTHER, "source": "magnet", "save_path": "/d"}).encode(),
        json.dumps({"torrent": V1, "source": "carrier pigeon", "save_path": "/d"}).encode(),
        json.dumps({"torrent": V1, "source": "magnet", "save_path": 5}).encode(),
        json.dumps({"torrent": V1, "source": "magnet", "save_path": "/d", "download_bps": 2**31}).encode(),
        b'{"torrent": "' + V1.encode() + b'", "name": "\xff"}',
        b'{"later": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ],
    ids=[
        "no text",
        "null",
        "list",
        "empty",
        "another torrent's",
        "unknown source",
        "wrong type",
        "out of range",
        "not UTF-8",
        "nested too deep",
    ],
)
def test_a_record_that_is_none_is_put_aside(tmp_path: Path, content: bytes) -> None:
    """Whatever is wrong with it, its bytes are kept in `damaged/`."""
    (tmp_path / f"{V1}.json").write_bytes(content)
    with opened(tmp_path) as catalogue:
        (file,) = catalogue.load()
        assert catalogue.torrents == {}
    assert file.torrent == V1
    (aside,) = (tmp_path / "damaged").iterdir()
    assert aside.read_bytes() == content
    assert str(aside) in file.done


def test_a_record_that_cannot_be_read_is_put_aside(tmp_path: Path) -> None:
    """A directory in place of a file is damage like any other."""
    (tmp_path / f"{V1}.json").mkdir()
    with opened(tmp_path) as catalogue:
        assert [file.torrent for file in catalogue.load()] == [V1]


async def test_damage_that_cannot_be_put_aside_stops_nothing(tmp_path: Path) -> None:
    """`damaged` may be a file, or the directory read-only: the other torrents are loaded all the same."""
    async with with_torrents(tmp_path, desired(OTHER)):
        pass
    (tmp_path / f"{V1}.json").write_bytes(b"{")
    (tmp_path / "damaged").write_bytes(b"in the way")
    with opened(tmp_path) as catalogue:
        assert catalogue.load() == []
        assert catalogue.torrents == {OTHER: desired(OTHER)}
        assert "could not be put aside" in catalogue.unreadable[V1].problem
        (await refused(catalogue.put(desired())))
    assert (tmp_path / f"{V1}.json").read_bytes() == b"{"


async def test_a_damaged_session_file_is_put_aside(tmp_path: Path) -> None:
    """The torrents are loaded, and the configuration's limits apply again."""
    async with with_torrents(tmp_path, desired()):
        pass
    (tmp_path / "session.json").write_bytes(b'{"download_bps": -1}')
    with opened(tmp_path) as catalogue:
        (file,) = catalogue.load()
        assert file.torrent is None
        assert catalogue.torrents == {V1: desired()}
        assert catalogue.session == DesiredSession()
    assert (tmp_path / "damaged" / "session.json").exists()


def test_other_files_are_not_its_business(tmp_path: Path) -> None:
    """Upper-case ids and foreign files stay in place."""
    others = [f"{V1.upper()}.json", f"{V1.upper()}.torrent", "notes.json", "x.txt", "x.fastresume"]
    for name in others:
        (tmp_path / name).write_bytes(b"{")
    with opened(tmp_path) as catalogue:
        assert catalogue.load() == []
    assert names(tmp_path) == sorted(others)


async def test_files_of_no_torrent_are_put_aside(tmp_path: Path) -> None:
    """Their record may have been damaged; the files are kept, and affect no torrent."""
    async with with_torrents(tmp_path, desired(OTHER)):
        pass
    for name in (f"{V1}.json", f"{V1}.fastresume", f"{V1}.torrent", f"{OTHER}.fastresume", f"{V2}.torrent"):
        (tmp_path / name).write_bytes(b"content")
    with opened(tmp_path) as catalogue:
        found = {file.name: file.orphan for file in catalogue.load()}
    assert found == {f"{V1}.json": False, f"{V1}.fastresume": True, f"{V1}.torrent": True, f"{V2}.torrent": True}
    assert names(tmp_path) == sorted([f"{OTHER}.json", "fastresume", "damaged"])
    assert names(tmp_path / "fastresume") == [f"{OTHER}.fastresume"]
    assert names(tmp_path / "damaged") == sorted(found)


async def test_what_an_engine_had_put_aside_is_moved_on(tmp_path: Path) -> None:
    """Its supervisor died before it could; files of a known torrent are in health, too."""
    async with with_torrents(tmp_path, desired()):
        pass
    staged = ResumeDir(tmp_path).staged
    staged.mkdir(parents=True)
    for name in (f"{V1}.fastresume", f"{V1}.fastresume.1", f"{OTHER}.fastresume"):
        (staged / name).write_bytes(b"damaged")
    with opened(tmp_path) as catalogue:
        found = [(file.name, file.torrent, file.orphan) for file in catalogue.load()]
    assert found == [
        (f"{V1}.fastresume", V1, False),
        (f"{V1}.fastresume", V1, False),
        (f"{OTHER}.fastresume", None, True),
    ]
    assert names(tmp_path / "damaged") == sorted([f"{V1}.fastresume", f"{V1}.fastresume.1", f"{OTHER}.fastresume"])
    assert list(staged.iterdir()) == []


async def test_temporary_files_are_deleted(tmp_path: Path) -> None:
    """They are from a crash and were never acknowledged; other things with such names are put aside."""
    async with with_torrents(tmp_path, desired()):
        pass
    (tmp_path / f"{V1}.json.tmp").write_bytes(b"{")
    (tmp_path / f"{V1}.fastresume.1.tmp").write_bytes(b"d")
    (tmp_path / "fastresume").mkdir()
    (tmp_path / "fastresume" / f"{V1}.fastresume.tmp").write_bytes(b"d")
    (tmp_path / "session.json.tmp").mkdir()
    with opened(tmp_path) as catalogue:
        assert catalogue.load() == []
        await catalogue.put_session(DesiredSession(download_bps=5))
    assert names(tmp_path) == [f"{V1}.json", "damaged", "session.json"]
    assert names(tmp_path / "fastresume") == []


async def test_records_are_recycled_and_leave_nothing(tmp_path: Path) -> None:
    """Replaced files are kept for the next changes, until the end."""
    with opened(tmp_path) as catalogue:
        for limit in range(3 * REPLACED_MIN):
            await catalogue.put_session(DesiredSession(download_bps=limit))
        assert Counter(Path(name).suffix for name in names(tmp_path)) == {".tmp": REPLACED_MIN, ".json": 1}
    assert names(tmp_path) == ["session.json"]


@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_is_damage(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    """Wherever it is, the record is put aside, and no part of it is used."""
    tmp_path = tmp_path_factory.mktemp("resume")
    content = bytearray(encode_record(desired()))
    content[at % len(content)] ^= 1 << bit
    (tmp_path / f"{V1}.json").write_bytes(content)
    with opened(tmp_path) as catalogue:
        (file,) = catalogue.load()
        assert (file.name, catalogue.torrents) == (f"{V1}.json", {})


def test_a_record_edited_by_hand_is_read_once_its_checksum_is_deleted(tmp_path: Path) -> None:
    """And has a checksum again after the next change."""
    record = {"torrent": V1, "source": "magnet", "save_path": "/edited"}
    (tmp_path / f"{V1}.json").write_text(json.dumps(record))
    with opened(tmp_path) as catalogue:
        assert catalogue.load() == []
        assert catalogue.torrents[V1].save_path == "/edited"


@pytest.mark.parametrize("name", [f"{V1}.json", "session.json"])
@pytest.mark.parametrize("kind", ["link", "pipe", "socket", "zeros"])
async def test_what_is_no_record_at_all_is_put_aside(tmp_path: Path, name: str, kind: str) -> None:
    """A link is not followed, a pipe not waited for, and 100 MB of zeros are no record."""
    async with with_torrents(tmp_path, desired(OTHER)):
        pass
    path = tmp_path / name
    match kind:
        case "link":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "zeros":
            path.write_bytes(b"")
            os.truncate(path, 100_000_000)
        case _:
            os.mknod(path, stat.S_IFSOCK | 0o600)
    with opened(tmp_path) as catalogue:
        assert [file.name for file in catalogue.load()] == [name]
        assert catalogue.torrents == {OTHER: desired(OTHER)}
    assert names(tmp_path) == [f"{OTHER}.json", "damaged"]


@given(
    st.builds(
        desired,
        torrent=st.sampled_from([V1, V2]),
        name=st.text(max_size=20),
        labels=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        download_bps=st.integers(0, 2**31 - 2),
        removal=st.sampled_from([None, "keep_files", "delete_files"]),
        revision=st.integers(0, 2**60),
    )
)
def test_any_record_survives_the_disk(tmp_path_factory: pytest.TempPathFactory, record: DesiredTorrent) -> None:
    """What is written is what is read, for any content."""
    directory = tmp_path_factory.mktemp("catalogue")

    async def put() -> None:
        with opened(directory) as catalogue:
            await catalogue.put(record)

    asyncio.run(put())
    torrents, leaving, _ = loaded(directory)
    assert {**torrents, **leaving} == {record.torrent: record}
    assert bool(leaving) == (record.removal is not None)


async def test_ids_are_given_in_order_and_follow_what_is_there(tmp_path: Path) -> None:
    """After loading, adding, changing, removing, and adding again."""
    async with with_torrents(tmp_path, desired(V2), desired(V1)) as catalogue:
        assert catalogue.ids_after(None, 10) == [V1, V2]
        await catalogue.put(desired(OTHER))
        await catalogue.put(desired(OTHER, paused=True))
        assert catalogue.ids_after(None, 2) == [V1, OTHER]
        assert catalogue.ids_after(V1, 10) == [OTHER, V2]
        await catalogue.put(desired(OTHER, removal="keep_files"))
        assert catalogue.ids_after(V1, 10) == [V2]
        await catalogue.put(desired(OTHER))
        assert catalogue.ids_after(OTHER[:-1], 10) == [OTHER, V2]
        assert catalogue.ids_after(V2, 10) == []


UNREADABLE = (errno.EACCES, errno.EIO, errno.ELOOP, errno.ENOMEM, errno.EMFILE, errno.ESTALE, errno.EPERM)


def cannot_read(monkeypatch: pytest.MonkeyPatch, error: int, *names: str) -> None:
    """Makes files with these names fail to open."""
    real = os.open

    def fails(path: Any, *args: Any, **kwargs: Any) -> int:
        if Path(path).name in names:
            raise OSError(error, os.strerror(error), os.fspath(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", fails)


@pytest.mark.parametrize("error", UNREADABLE)
async def test_what_cannot_be_read_is_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """It is shown by its id, is neither touched nor changed, and is loaded once it can be read."""
    async with with_torrents(tmp_path, desired(OTHER)) as catalogue:
        await catalogue.put(desired(source="metainfo"), metainfo=b"d4:infoe")
        await catalogue.put_session(DesiredSession(download_bps=5))
    before = contents(tmp_path)
    cannot_read(monkeypatch, error, f"{V1}.json", "session.json")
    with opened(tmp_path) as catalogue:
        assert catalogue.load() == []
        assert catalogue.torrents == {OTHER: desired(OTHER)}
        assert catalogue.ids_after(None, 10) == [V1, OTHER]
        shown = catalogue.shown(V1)
        assert shown is not None
        assert (shown.torrent, shown.save_path) == (V1, "")
        assert str(tmp_path / f"{V1}.json") in catalogue.unreadable[V1].problem
        assert (await refused(catalogue.put(desired()))).kind is ErrorKind.STORAGE_UNAVAILABLE
        assert (await refused(catalogue.put_session(DesiredSession()))).kind is ErrorKind.STORAGE_UNAVAILABLE
        assert {record.torrent for record in catalogue.records()} == {OTHER}
        assert catalogue.has_known(V1)
    monkeypatch.undo()
    assert contents(tmp_path) == before
    torrents, _, session = loaded(tmp_path)
    assert set(torrents) == {V1, OTHER}
    assert session == DesiredSession(download_bps=5)


async def test_a_directory_that_cannot_be_listed_refuses_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known, and no file is touched or overwritten."""
    async with with_torrents(tmp_path, desired()):
        pass

    def fails(path: Any) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO), os.fspath(path))

    with monkeypatch.context() as patched, opened(tmp_path) as catalogue:
        patched.setattr(os, "listdir", fails)
        assert catalogue.load() == []
        assert "cannot be listed" in str(catalogue.unlisted)
        await refused(catalogue.put(desired(paused=True)))
    assert loaded(tmp_path)[0] == {V1: desired()}


async def test_a_write_that_failed_is_kept_in_mind_until_one_as_large_succeeds(tmp_path: Path) -> None:
    """Smaller writes do not clear it."""
    with opened(tmp_path) as catalogue:
        (tmp_path / f"{V1}.json.tmp").mkdir()
        await refused(catalogue.put(desired(), metainfo=b"x" * 1000))
        assert catalogue.writes.failed is not None
        assert (catalogue.writes.failed.files, catalogue.writes.failed.size > 1000) == (2, True)
        await catalogue.put(desired(OTHER))
        assert catalogue.writes.failed is not None
        (tmp_path / f"{V1}.json.tmp").rmdir()
        await catalogue.put(desired(), metainfo=b"x" * 1000)
        assert catalogue.writes.failed is None
