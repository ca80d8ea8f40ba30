"""What is restored of a backup: mapped paths, doubted files, and refused formats."""

import io
from pathlib import Path

import pytest

from ouzel.cli.backup.archive import ArchiveWriter, Member, Unusable
from ouzel.cli.backup.restoring import Restored, Restorer
from ouzel.cli.backup.staging import Staging
from ouzel.cli.importing.moving import PathMap
from protocol.durable.doubted import ALL, doubted
from protocol.durable.format_version import FORMAT
from protocol.durable.integrity import decode_record, encode_record, seal, unseal
from protocol.wire.desired import Category, DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession
from tests.ouzel.cli.backup.test_archive import manifest

A = "a" * 40


def archive(*members: Member) -> io.BytesIO:
    """A backup with these members."""
    file = io.BytesIO()
    with ArchiveWriter(file, compressed=False) as writer:
        for member in members:
            writer.add(member)
        writer.finish(manifest())
    file.seek(0)
    return file


def test_paths_are_mapped_by_their_components(tmp_path: Path) -> None:
    """Of torrents and categories. A client's guarantee for files does not hold for other files."""
    record = DesiredTorrent(torrent=A, source="magnet", save_path="/data/x", mount_point="/data", seed_mode=True)
    other = DesiredTorrent(torrent="b" * 40, source="magnet", save_path="/data2", mount_point="/data2")
    session = DesiredSession(categories={"c": Category(key="k", save_path="/data"), "d": Category(key="l")})
    backup = archive(
        Member(f"resume/fastresume/{A}.fastresume", seal(b"de"), 1_000_000_000),
        Member(f"resume/{A}.json", encode_record(record)),
        Member(f"resume/{other.torrent}.json", encode_record(other)),
        Member("resume/session.json", encode_record(session)),
    )
    told: list[Restored] = []
    target = tmp_path / "resume"
    with Staging(target) as staging:
        Restorer(PathMap({"/data": "/new"}), told.append).restore(backup, staging)
        staging.take_effect()
    found = decode_record((target / f"{A}.json").read_bytes(), DesiredTorrent)
    assert (found.save_path, found.mount_point, found.seed_mode) == ("/new/x", "/", False)
    assert (target / f"{other.torrent}.json").read_bytes() == encode_record(other)
    categories = decode_record((target / "session.json").read_bytes(), DesiredSession).categories
    assert [categories[name].save_path for name in "cd"] == ["/new", None]
    assert doubted(unseal((target / f"fastresume/{A}.fastresume").read_bytes())) == {ALL}
    assert [(each.save_path, each.doubted) for each in told] == [("/new/x", None), ("/data2", 0)]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("resume/format.json", b'{"format": %d}' % (FORMAT + 1), "use a newer version"),
        ("resume/format.json", b"{", "format.json"),
        (f"resume/{A}.json", b"{}", A),
        (f"resume/{A}.torrent", b"", "no record"),
        ("gateway/x", b"", "does not know"),
        ("resume/session.json", b'{"checksum": "0"}', "session.json"),
        ("resume/format.json", b"[" * 4000, "format.json"),
        ("resume/format.json", b'{"format": 1, "x": ' + b"[" * 4000, "format.json"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, content: bytes, why: str) -> None:
    """The message names it."""
    with pytest.raises(Unusable, match=why):
        Restorer(PathMap({}), lambda _: None).restore(archive(Member(name, content)), None)


def test_the_present_format_is_restored() -> None:
    """With the file that says so."""
    content = b'{"format": %d}' % FORMAT
    Restorer(PathMap({}), lambda _: None).restore(archive(Member("resume/format.json", content)), None)


RECORD = encode_record(DesiredTorrent(torrent=A, source="magnet", save_path="/d"))
MARKS = Member(f"payload/{A}.json", b'{"certain":true,"files":[]}')


@pytest.mark.parametrize(
    "members",
    [
        [Member(f"resume/fastresume/{A}.fastresume", b"de"), Member(f"resume/{A}.json", RECORD)],
        [Member(f"resume/{'b' * 40}.torrent", b""), Member(f"resume/{A}.json", RECORD)],
        [Member(f"resume/{'b' * 40}.json", RECORD)],
        [MARKS, MARKS, MARKS, MARKS, MARKS],
        [Member(f"payload/{A}.json", b"["), Member(f"resume/{A}.json", RECORD)],
        [Member(f"payload/{A}.json", b'{"x":' + b"[" * 100_000), Member(f"resume/{A}.json", RECORD)],
        [Member(f"resume/{A}.json", b'{"x":' + b"[" * 100_000)],
        [Member("resume/../x", b""), Member(f"resume/{A}.json", RECORD)],
        [Member(f"resume/{A}.json", RECORD), Member(f"resume/{A}.json", RECORD)],
    ],
)
def test_a_hostile_torrent_is_refused(tmp_path: Path, members: list[Member]) -> None:
    """The error says why, and nothing is left over."""
    with pytest.raises((Unusable, OSError)), Staging(tmp_path / "resume") as staging:
        Restorer(PathMap({}), lambda _: None).restore(archive(*members), staging)
    assert [path.name for path in tmp_path.iterdir()] == ["resume"]
    assert {path.name for path in (tmp_path / "resume").iterdir()} == {".lock"}


def test_a_batch_keeps_the_order() -> None:
    """Each torrent gets its own doubts."""
    members, expected = [], []
    for number in range(600):
        torrent = f"{number:040x}"
        record = DesiredTorrent(torrent=torrent, source="magnet", save_path="/none", mount_point="/")
        if number % 3:
            content = b'{"certain":true,"files":[%s]}' % b",".join([b'["x",[1,1]]'] * (number % 3))
            members.append(Member(f"payload/{torrent}.json", content))
            members.append(Member(f"resume/fastresume/{torrent}.fastresume", seal(b"de")))
        members.append(Member(f"resume/{torrent}.json", encode_record(record)))
        expected.append((torrent, number % 3))
    told: list[Restored] = []
    Restorer(PathMap({}), told.append).restore(archive(*members), None)
    assert [(each.torrent, each.doubted) for each in told] == expected
