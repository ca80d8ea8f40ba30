"""Files that were put aside are listed, judged and restored, by the mutation for clients."""

from pathlib import Path

import pytest

from protocol.durable.integrity import crc32_of, encode_record, seal
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import DamagedReport
from protocol.wire.session.desired_session import DesiredSession
from tests.supervisor.bench import Bench, bench
from tests.supervisor.commands.test_mutations import do
from tests.supervisor.samples import OTHER, V1, V2, desired

METAINFO = b"d4:infoe"


def aside(on: Bench, **files: bytes) -> Path:
    """Puts files aside; in their names `_` means a dot."""
    directory = on.directory / "resume" / "damaged"
    directory.mkdir(exist_ok=True)
    for name, content in files.items():
        (directory / name.replace("_", ".")).write_bytes(content)
    return directory


async def listed(on: Bench) -> dict[str, DamagedReport]:
    """The list, by name."""
    return {file.name: file for file in (await on.shelf.list()).files}


async def refusal(on: Bench, name: str) -> OuzelError:
    """The error when restoring a file is refused."""
    with pytest.raises(OuzelError) as error:
        await do(on, "restore_damaged", name=name)
    return error.value


async def test_a_torrent_comes_back_with_what_belongs_to_it(tmp_path: Path) -> None:
    """With the latest valid files, even if it was being removed. It is published and sent to the engine."""
    async with bench(tmp_path) as on:
        await on.engine()
        record = desired(source="metainfo", magnet=None, metainfo_crc32=crc32_of(METAINFO), removal="delete_files")
        files = {f"{V1}_json": encode_record(record), f"{V1}_torrent": b"damaged", f"{V1}_torrent_1": METAINFO}
        directory = aside(on, **files, **{f"{V1}_fastresume": seal(b"resume")})
        restored = await do(on, "restore_damaged", "applied", name=f"{V1}.json")
        assert restored == {"torrent": V1, "files": [f"{V1}.json", f"{V1}.fastresume", f"{V1}.torrent.1"]}
        found = on.catalogue.torrents[V1]
        assert (found.removal, found.metainfo_crc32) == (None, record.metainfo_crc32)
        root = directory.parent
        assert (root / f"{V1}.torrent").read_bytes() == METAINFO
        assert (root / "fastresume" / f"{V1}.fastresume").read_bytes() == seal(b"resume")
        assert [path.name for path in directory.iterdir()] == [f"{V1}.torrent"]
        assert "torrent_added" in [kind for kind, _ in on.told()]


async def test_nothing_in_force_is_replaced(tmp_path: Path) -> None:
    """Nor are damaged or foreign files restored."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(), metainfo=METAINFO)
        await on.catalogue.put_session(DesiredSession(download_bps=5))
        names = {
            f"{V1}_json": encode_record(desired(paused=True)),
            f"{V1}_torrent": METAINFO,
            f"{V1}_fastresume": seal(b"resume"),
            f"{OTHER}_json": encode_record(desired()),
            f"{OTHER}_torrent": METAINFO,
            f"{V2}_json": encode_record(desired(V2))[:-9],
            "session_json": encode_record(DesiredSession()),
            "session_torrent": b"",
            "other": b"",
        }
        directory = aside(on, **names)
        (directory / f"{V2}.torrent").symlink_to("/etc/hostname")
        for name, file in (await listed(on)).items():
            error = await refusal(on, name)
            assert error.kind is ErrorKind.NOT_RESTORABLE, name
            assert file.problem == error.message.removeprefix("args.name: ")
        for name in ("", "..", "../session.json", f"{V1}.json.1", "no"):
            assert (await refusal(on, name)).kind in (ErrorKind.UNKNOWN_DAMAGED, ErrorKind.INVALID_ARGUMENT)
        assert on.catalogue.torrents == {V1: desired()}
        assert on.catalogue.session == DesiredSession(download_bps=5)


async def test_settings_and_metainfo_come_back_alone(tmp_path: Path) -> None:
    """If nothing is in their place."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(metainfo_crc32=crc32_of(METAINFO)))
        directory = aside(on, session_json=encode_record(DesiredSession(upload_bps=9)), **{f"{V1}_torrent_2": METAINFO})
        assert {file.problem for file in (await listed(on)).values()} == {None}
        await do(on, "restore_damaged", name="session.json")
        assert on.catalogue.session.upload_bps == 9
        await do(on, "restore_damaged", name=f"{V1}.torrent.2")
        assert (directory.parent / f"{V1}.torrent").read_bytes() == METAINFO
        assert list(directory.iterdir()) == []


async def test_what_cannot_be_written_stays_where_it_is(tmp_path: Path) -> None:
    """The error is that of any change."""
    async with bench(tmp_path) as on:
        directory = aside(on, **{f"{V1}_json": encode_record(desired())})
        on.catalogue.suspend("full")
        assert (await refusal(on, f"{V1}.json")).kind is ErrorKind.STORAGE_UNAVAILABLE
        assert [path.name for path in directory.iterdir()] == [f"{V1}.json"]
        assert on.catalogue.torrents == {}
