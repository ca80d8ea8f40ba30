"""Records of a stopped daemon, and crash reports."""

from pathlib import Path

from ouzel.doctor.checks import records
from ouzel.doctor.finding import Status
from ouzel.doctor.target import Paths, Target
from protocol.durable.integrity import encode_record
from protocol.wire.desired import DesiredTorrent, Quarantine

NOW = 1_800_000_000.0


def target(tmp_path: Path) -> Target:
    """A stopped daemon."""
    return Target(config_file=None, paths=Paths(str(tmp_path), None, str(tmp_path)))


def record(torrent: str, quarantine: Quarantine | None = None) -> bytes:
    """A stored record."""
    return encode_record(DesiredTorrent(torrent=torrent, source="metainfo", save_path="/srv", quarantine=quarantine))


def test_quarantined_torrents_are_counted(tmp_path: Path) -> None:
    """Other files do not count."""
    held = Quarantine(reason="it crashes the engine", since_us=1)
    (tmp_path / f"{'a' * 40}.json").write_bytes(record("a" * 40, held))
    (tmp_path / f"{'b' * 64}.json").write_bytes(record("b" * 64))
    (tmp_path / "session.json").write_text("{}")
    [found] = records.records(target(tmp_path))
    assert (found.status, found.seen.split()[0]) == (Status.WARNING, "1")


def test_a_wrong_checksum_is_found(tmp_path: Path) -> None:
    """The record is still JSON."""
    (tmp_path / f"{'a' * 40}.json").write_bytes(record("a" * 40).replace(b"/srv", b"/mnt"))
    found = list(records.records(target(tmp_path)))
    assert [each.status for each in found] == [Status.ERROR, Status.OK]


def test_records_of_a_newer_version_are_found(tmp_path: Path) -> None:
    """The daemon refuses to start with them. The finding names the version to install."""
    (tmp_path / "format.json").write_text('{"format": 99, "written_by": "9.9"}')
    [found] = records.records(target(tmp_path))
    assert found.status is Status.ERROR
    assert "install Ouzel 9.9" in found.seen


def test_files_of_removed_torrents_do_not_count(tmp_path: Path) -> None:
    """Files that were put aside stay until somebody deletes them."""
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "a.json.removed.2").touch()
    [found] = records.damaged(target(tmp_path))
    assert found.status is Status.OK
    (tmp_path / "damaged" / "b.json").touch()
    [found] = records.damaged(target(tmp_path))
    assert found.status is Status.WARNING


def test_a_crash_loop_is_three_crashes_within_ten_minutes(tmp_path: Path) -> None:
    """Crashes of earlier days, and two of today, are no loop."""
    reports = tmp_path / "crashes"
    reports.mkdir()
    for name in ("20270113T075900.000000Z-gen1", "20270115T060000.000000Z-gen2", "20270115T075900.000000Z-gen3"):
        (reports / f"{name}.json").touch()
    [found] = records.crashes(target(tmp_path), lambda: NOW)
    assert (found.status, found.seen.split()[0]) == (Status.INFO, "2")
    for gen in (4, 5):
        (reports / f"20270115T07590{gen}.000000Z-gen{gen}.json").touch()
    [found] = records.crashes(target(tmp_path), lambda: NOW)
    assert found.status is Status.ERROR


def test_a_report_whose_name_has_no_time_does_not_count(tmp_path: Path) -> None:
    """A name may have digits that are no time."""
    reports = tmp_path / "crashes"
    reports.mkdir()
    (reports / "99999999T999999.999999Z-gen1.json").touch()
    [found] = records.crashes(target(tmp_path), lambda: NOW)
    assert found.status is Status.OK
