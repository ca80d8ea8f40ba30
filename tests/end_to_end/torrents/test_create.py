"""Torrents that the daemon makes: their hashes are compared with other implementations, and others download them."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import ouzel
from ouzel.cli.commands import creating
from ouzel.cli.main import run
from protocol.wire.making_results import JobRow, JobState
from protocol.wire.rows import TorrentState
from tests.end_to_end.torrents import independent
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

LENGTH = 32 * 1024
SIZES = {"a.bin": 5 * LENGTH + 7, "b ü/c.bin": 3 * LENGTH, "b ü/d.txt": 20_000, "b ü/empty": 0, "e.nfo": 100}


def write(folder: Path) -> Path:
    """Writes the payload."""
    for path, size in SIZES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(os.urandom(size))
    return folder


def ended(daemon: Daemon, job: str) -> JobRow:
    """The job, once it has ended."""

    def found() -> JobRow | None:
        [row] = [row for row in daemon.client.list_jobs() if row.job == job]
        return row if row.ended_us is not None else None

    return until(found, "the job has ended")


def made(daemon: Daemon, path: Path, **args: Any) -> JobRow:
    """The finished job that has made a torrent."""
    row = ended(daemon, daemon.client.create_torrent(str(path), **args))
    assert (row.state, row.problem) == (JobState.FINISHED, None)
    assert row.bytes_done == row.bytes_total > 0
    return row


def problem(daemon: Daemon, path: Path, **args: Any) -> str:
    """Why the job has failed."""
    row = ended(daemon, daemon.client.create_torrent(str(path), **args))
    assert (row.state, row.torrent) == (JobState.FAILED, None)
    assert row.problem is not None
    return row.problem


def decoded(path: Path | str) -> dict[bytes, Any]:
    """The content of a .torrent file."""
    found = bencode.decode(Path(path).read_bytes())
    assert isinstance(found, dict)
    return found


def download(daemon: Daemon, metainfo: bytes, into: Path) -> None:
    """Downloads a torrent from the daemon with a session of its own."""
    until(lambda: daemon.client.stats().session.listen_port > 0, "it listens")
    with Seed() as other:
        other.download(metainfo, into, peer=f"127.0.0.1:{daemon.client.stats().session.listen_port}")


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
def test_hashes_are_those_of_another_implementation(root: Path, daemon: Daemon, version: Any) -> None:
    """The torrent seeds without a recheck, after an engine's death and a restart, too, and another session has it."""
    folder = write(daemon.downloads / "set")
    output = daemon.downloads / "set.torrent"
    with daemon.client.events(progress=True) as events:
        row = made(
            daemon,
            folder,
            format=version,
            piece_length=LENGTH,
            trackers=[["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"], ["http://127.0.0.1:1/c"]],
            web_seeds=["http://127.0.0.1:1/there/"],
            private=True,
            source="EXAMPLE",
            comment="ä comment",
            exclude=["*.nfo"],
            output=str(output),
            seed=True,
        )
        told: list[ouzel.Event] = []
        states: list[str] = []
        while not told or told[-1].type != "job_finished":
            event = events.get(10)
            assert isinstance(event, ouzel.Event)
            if event.type.startswith("job_"):
                told.append(event)
            elif event.type == "state_changed":
                states.append(event.data["state"])
    assert told[-1].torrent == row.torrent
    assert told[-1].data == {"job": row.job, "output": str(output), "problem": None, "duplicate": False}
    assert {each.type for each in told[:-1]} == {"job_progress"}
    assert told[-2].data == {"job": row.job, "bytes_done": row.bytes_total, "bytes_total": row.bytes_total}
    whole = decoded(output)
    info = whole[b"info"]
    files = {path: content for path, content in independent.contents(folder).items() if path != "e.nfo"}
    if version != "v2":
        assert info[b"pieces"] == independent.v1_pieces(list(files.values()), LENGTH, padded=version == "hybrid")
        listed = [b"/".join(file[b"path"]).decode() for file in info[b"files"] if b"attr" not in file]
        assert listed == list(files)
    if version != "v1":
        tree, layers = independent.v2_tree(files, LENGTH)
        assert info[b"file tree"] == tree
        assert whole[b"piece layers"] == layers
        assert info[b"meta version"] == 2
    kind = hashlib.sha256 if version == "v2" else hashlib.sha1
    assert row.torrent == kind(bencode.encode(info)).hexdigest()
    assert (info[b"name"], info[b"piece length"], info[b"private"], info[b"source"]) == (b"set", LENGTH, 1, b"EXAMPLE")
    assert whole[b"announce"] == b"http://127.0.0.1:1/a"
    assert whole[b"announce-list"] == [[b"http://127.0.0.1:1/a", b"http://127.0.0.1:1/b"], [b"http://127.0.0.1:1/c"]]
    assert whole[b"comment"] == "ä comment".encode()
    assert whole[b"created by"].startswith(b"Ouzel ")
    assert whole[b"url-list"] in (b"http://127.0.0.1:1/there/", [b"http://127.0.0.1:1/there/"])
    assert row.torrent is not None
    shown = daemon.until_state(row.torrent, TorrentState.SEEDING)
    assert (shown.save_path, shown.downloaded) == (str(daemon.downloads), 0)
    assert "checking" not in states
    for kill in (daemon.kill_engine, daemon.kill):
        gen = daemon.client.health().engine.gen
        kill()
        if kill == daemon.kill:
            daemon.start()
        else:
            until(lambda: daemon.client.health().engine.gen > gen, "the next engine runs")  # noqa: B023
    daemon.until_state(row.torrent, TorrentState.SEEDING)
    assert daemon.client.list_jobs() == []
    download(daemon, output.read_bytes(), root / "other")
    (folder / "e.nfo").unlink()
    assert payload.sha1(root / "other" / "set") == payload.sha1(folder)


@pytest.mark.skipif(shutil.which("transmission-create") is None, reason="transmission-create is not installed")
def test_v1_is_that_of_transmission(root: Path, daemon: Daemon) -> None:
    """The info sections are equal, but for the member `private`, which transmission-create always writes.

    It leaves out empty files.
    """
    for name in ("set", "single"):
        path = write(daemon.downloads / name) if name == "set" else daemon.downloads / name
        if name == "single":
            path.write_bytes(os.urandom(100_000))
        else:
            (path / "b ü" / "empty").unlink()
        output = daemon.downloads / f"{name}.torrent"
        made(daemon, path, format="v1", piece_length=LENGTH, output=str(output))
        argv = ["transmission-create", "-s", str(LENGTH // 1024), "-o", str(root / name), str(path)]
        subprocess.run(argv, check=True, capture_output=True, timeout=60, env={**os.environ, "HOME": str(root)})
        theirs = decoded(root / name)[b"info"]
        assert theirs.pop(b"private") == 0
        assert theirs == decoded(output)[b"info"]


def test_bad_orders_are_refused_at_once(root: Path, daemon: Daemon) -> None:
    """The error names the argument, and there is no job."""
    folder = write(daemon.downloads / "set")
    outside = write(root / "outside")
    (daemon.downloads / "way_out").symlink_to(outside)
    given: dict[str, Any] = {"output": str(daemon.downloads / "x.torrent")}
    jobs = daemon.client.list_jobs()
    for path, args, match in (
        (folder, {}, r"args\.output: neither"),
        (folder, {**given, "piece_length": LENGTH + 1}, r"args\.piece_length: 32769 is not a power of two"),
        (folder, {**given, "piece_length": 8192}, r"args\.piece_length"),
        (folder, {**given, "trackers": [["udp://a/"], ["udp://:1/"]]}, r"args\.trackers\[1\]\[0\]"),
        (folder, {**given, "trackers": [[]]}, r"args\.trackers"),
        (folder, {**given, "web_seeds": ["ftp://a/"]}, r"args\.web_seeds"),
        (folder, {**given, "exclude": [""]}, r"args\.exclude"),
        (folder, {"output": "x.torrent"}, r"args\.output"),
        (folder, {"output": str(folder) + "/"}, r"args\.output: .* is not the path of a file"),
        (folder, {"output": str(outside / "x")}, r"path_not_allowed: args\.output"),
        (folder, {"output": str(folder / "none" / "x")}, r"args\.output: there is no directory"),
        (outside, given, r"path_not_allowed: args\.path"),
        (daemon.downloads / "way_out" / "a.bin", given, r"path_not_allowed: args\.path"),
        (daemon.resume_dir, given, r"path_not_allowed: args\.path"),
        (Path("set"), given, r"path_not_allowed: args\.path"),
        (daemon.downloads / "none", given, r"args\.path: there is no"),
        (daemon.downloads, {"seed": True}, r"path_not_allowed: args\.path"),
    ):
        with pytest.raises(ouzel.OuzelError, match=match):
            daemon.client.create_torrent(str(path), **args)
    with pytest.raises(ouzel.Refused, match="unknown_job"):
        daemon.client.cancel_job("ffffffff")
    assert daemon.client.list_jobs() == jobs


def test_a_payload_of_which_no_torrent_can_be_made_is_a_failed_job(daemon: Daemon) -> None:
    """The problem is named, and nothing is written. Of a hidden or excluded file nothing is said."""
    downloads = daemon.downloads
    given: dict[str, Any] = {"output": str(downloads / "x.torrent")}
    folder = downloads / "set"
    folder.mkdir()
    assert "there is no file" in problem(daemon, folder, **given)
    (folder / "empty").touch()
    assert "all files are empty" in problem(daemon, folder, **given)
    (folder / "a").write_bytes(b"a")
    assert "leave out every file" in problem(daemon, folder, exclude=["**"], **given)
    (folder / "link").symlink_to(folder / "a")
    assert "'set/link' is a symbolic link" in problem(daemon, folder, **given)
    os.mkfifo(folder / "fifo")
    assert "'set/fifo' is neither" in problem(daemon, folder, exclude=["link"], **given)
    (folder / "what\\ever").write_bytes(b"b")
    renamed = problem(daemon, folder, exclude=["link", "fifo"], **given)
    assert renamed == r"clients would store 'set/what\\ever' as 'set/whatever'; rename or exclude it"
    (folder / "A").write_bytes(b"b")
    assert "clients would store" in problem(daemon, folder, exclude=["link", "fifo", "what*"], seed=True)
    (folder / "A").unlink()
    Path(os.fsdecode(bytes(folder) + b"/\xff")).write_bytes(b"b")
    but = ["link", "fifo", "what*"]
    assert "not UTF-8" in problem(daemon, folder, exclude=but, **given)
    Path(os.fsdecode(bytes(folder) + b"/\xff")).unlink()
    (downloads / "a\\b").write_bytes(b"b")
    assert r"'a\\b' is no name for a torrent" in problem(daemon, downloads / "a\\b", **given)
    (downloads / "a\\b").unlink()
    huge = downloads / "huge"
    huge.touch()
    os.truncate(huge, 1 << 40)
    assert "use a longer `piece_length`" in problem(daemon, huge, piece_length=16_384, **given)
    assert not (downloads / "x.torrent").exists()
    row = made(daemon, folder, exclude=but, **given)
    whole = (downloads / "x.torrent").read_bytes()
    assert made(daemon, folder, exclude=but, **given).torrent == row.torrent
    assert (downloads / "x.torrent").read_bytes() == whole
    assert made(daemon, folder, exclude=but, comment="other", **given).torrent == row.torrent
    assert (downloads / "x.torrent").read_bytes() == whole
    assert "of another torrent; it is not replaced" in problem(daemon, folder, exclude=but, source="other", **given)
    assert (downloads / "x.torrent").read_bytes() == whole
    assert sorted(each.name for each in downloads.iterdir()) == ["huge", "set", "x.torrent"]


def children(pid: int, module: str) -> list[int]:
    """The processes of a module, whose parent is this one."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in listed if module.encode() in Path(f"/proc/{each}/cmdline").read_bytes()]


def test_jobs_run_one_after_the_other_and_can_be_cancelled(new_daemon: Daemon) -> None:
    """A change while a file is hashed is noticed; a killed process fails one job; an engine's death matters to none."""
    daemon = new_daemon
    downloads = daemon.downloads
    large = downloads / "large"
    large.touch()
    os.truncate(large, 200 << 30)
    small = write(downloads / "set")
    first = daemon.client.create_torrent(str(large), output=str(downloads / "large.torrent"))
    second = daemon.client.create_torrent(str(small), output=str(downloads / "set.torrent"))
    third = daemon.client.create_torrent(str(small), output=str(downloads / "third.torrent"))
    [pid] = until(lambda: children(daemon.pid, "engine_proc.create"), "it hashes")
    until(lambda: daemon.client.list_jobs()[0].bytes_done > 0, "it reports")
    assert [row.state for row in daemon.client.list_jobs()] == [JobState.RUNNING, JobState.QUEUED, JobState.QUEUED]
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, daemon.pid) + 10)
    daemon.kill_engine()
    daemon.client.cancel_job(third)
    daemon.client.cancel_job(first)
    assert ended(daemon, first).state is JobState.CANCELLED
    assert ended(daemon, third).problem == "it was cancelled"
    assert ended(daemon, second).state is JobState.FINISHED
    assert not Path(f"/proc/{pid}").exists()
    daemon.client.cancel_job(second)
    killed = daemon.client.create_torrent(str(large), seed=True)
    [pid] = until(lambda: children(daemon.pid, "engine_proc.create"), "it hashes")
    os.kill(pid, 11)
    assert ended(daemon, killed).problem == "the hashing process was killed by SIGSEGV"
    os.truncate(large, 512 << 20)
    changed = daemon.client.create_torrent(str(large), format="v1", output=str(downloads / "large.torrent"))
    until(lambda: daemon.client.list_jobs()[-1].bytes_done > 0, "it reports")
    os.utime(large)
    assert ended(daemon, changed).problem == "'large' has changed while the files were hashed"
    os.truncate(large, 200 << 30)
    daemon.client.create_torrent(str(large), output=str(downloads / "large.torrent"))
    [pid] = until(lambda: children(daemon.pid, "engine_proc.create"), "it hashes")
    daemon.kill()
    until(lambda: not Path(f"/proc/{pid}").exists(), "it has ended, too")
    daemon.start()
    assert daemon.client.list_jobs() == []
    assert sorted(each.name for each in downloads.iterdir()) == ["large", "set", "set.torrent"]


def test_an_existing_torrent_is_named(daemon: Daemon) -> None:
    """It is not changed."""
    path = write(daemon.downloads / "set") / "a.bin"
    row = made(daemon, path, seed=True)
    assert row.torrent is not None
    daemon.client.pause(row.torrent)
    with daemon.client.events() as events:
        again = made(daemon, path, seed=True, comment="again")
        while (event := events.get(10)) is None or getattr(event, "type", "") != "job_finished":
            assert event is not None
    assert isinstance(event, ouzel.Event)
    assert (again.torrent, event.torrent, event.data["duplicate"]) == (row.torrent, row.torrent, True)
    assert daemon.client.get_torrent(row.torrent).paused


def test_the_command_line_makes_and_seeds_a_torrent(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """It waits for the end; a failed job is exit code 1. `jobs` lists all."""
    folder = write(daemon.downloads / "set")

    def does(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), *argv])
        return code, *capsys.readouterr()

    options = ["--format", "v1", "--piece-length", "32k", "--exclude", "*.nfo", "--private", "--source", "X"]
    options += ["--tracker", "http://127.0.0.1:1/a", "--tracker", "http://127.0.0.1:1/b", "--comment", "c"]
    code, out, err = does("create", str(folder), *options, "--web-seed", "http://127.0.0.1:1/w/")
    whole = decoded(f"{folder}.torrent")
    torrent = hashlib.sha1(bencode.encode(whole[b"info"])).hexdigest()
    assert (code, out, err) == (0, f"created: {torrent}\nwritten: {folder}.torrent\n", "")
    assert whole[b"announce-list"] == [[b"http://127.0.0.1:1/a"], [b"http://127.0.0.1:1/b"]]
    assert (whole[b"info"][b"private"], whole[b"info"][b"source"], whole[b"comment"]) == (1, b"X", b"c")
    code, out, _ = does("create", str(folder), *options, "--seed")
    assert (code, out) == (0, f"created: {torrent}\nseeding: {torrent}\n")
    daemon.until_state(torrent, TorrentState.SEEDING)
    code, out, err = does("create", str(folder), "-o", f"{folder}.torrent")
    assert (code, out) == (1, "")
    assert err.startswith("failed: ")
    assert "of another torrent" in err
    code, out, _ = does("create", str(folder), "--seed", "--json", "--detach")
    job = json.loads(out)["job"]
    assert does("cancel", job)[:2] == (0, f"cancelled: {job}\n")
    assert does("cancel", "none")[0] == 1
    listed = json.loads(does("jobs", "--json")[1])["jobs"]
    assert [each["state"] for each in listed[-4:-1]] == ["finished", "finished", "failed"]
    assert job in does("jobs")[1]
    assert does("create", str(folder), "--piece-length", "x")[0] == 2


def test_an_interrupted_command_cancels_its_job(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a restart of the daemon, which the command reports."""
    large = daemon.downloads / "large"
    large.touch()
    os.truncate(large, 200 << 30)
    argv = ["--runtime-dir", str(daemon.runtime_dir), "create", str(large)]

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(creating, "time", SimpleNamespace(sleep=interrupt))
    assert run(argv) == 130
    row = daemon.client.list_jobs()[-1]
    assert ended(daemon, row.job).state is JobState.CANCELLED

    def restart(_: float) -> None:
        daemon.kill()
        daemon.start()

    monkeypatch.setattr(creating, "time", SimpleNamespace(sleep=restart))
    assert run(argv) == 1
    assert [each.name for each in daemon.downloads.iterdir()] == ["large"]
