"""A real engine in its sandbox: it cannot leave the download roots by any attempt, and does its work."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon, sandboxed
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [
    pytest.mark.process,
    pytest.mark.network,
    pytest.mark.skipif(not sandboxed(), reason="this kernel cannot confine an engine"),
]


def state(directory: Path) -> dict[str, Any]:
    """All paths, with their content, owners and times."""
    found = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        attributes = os.listxattr(path, follow_symlinks=False)
        found[str(path)] = (status.st_mode, status.st_uid, status.st_mtime_ns, status.st_nlink, content, attributes)
    return found


@contextmanager
def listening(name: str) -> Iterator[None]:
    """Listens on an abstract socket."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        yield


def test_no_way_leads_out_and_a_torrent_is_downloaded_all_the_same(root: Path, seed: Seed) -> None:
    """Attempts run on the engine's loop, in a thread that starts later, and in another engine after a kill."""
    outside, inside = root / "outside", root / "d" / "downloads" / "inside"
    (outside / "empty").mkdir(parents=True)
    inside.mkdir(parents=True)
    for file in (outside / "file", outside / "other", inside / "file"):
        file.write_bytes(b"content")
    (inside / "way_out").symlink_to(outside)
    resume_dir = root / "d" / "resume"
    resume_dir.mkdir()
    for record in ("record.json", "record.torrent"):
        (resume_dir / record).write_bytes(b"{}")
    abstract = f"ouzel-{root.name}"
    told = {"outside": str(outside), "inside": str(inside), "resume_dir": str(resume_dir), "abstract": abstract}
    before = state(outside)
    made = payload.make(root / "seed", "one.bin", {"": 8 * MIB}, piece_size=65536)
    seed.add(made.metainfo, made.root)
    with (
        listening(abstract),
        Daemon(
            root / "d",
            engine_module="tests.fakes.escaping_engine",
            sandbox={"mode": "require"},
            environment={"ESCAPES": json.dumps(told)},
        ) as daemon,
    ):
        until(lambda: daemon.logged("tried"), "all ways were tried")
        tried = daemon.logged("escape")
        assert len({each["way"] for each in tried}) >= 100
        assert [(each["where"], each["way"]) for each in tried if not each["refused"]] == []
        assert {each["code"] for each in tried} <= {"EPERM", "EACCES", "EXDEV"}, "refused by the sandbox, not by chance"
        assert [each for each in daemon.logged("needed") if each["problem"] is not None] == []
        assert state(outside) == before
        assert (resume_dir / "record.json").read_bytes() == b"{}"
        assert (resume_dir / "record.torrent").exists()
        sandbox = until(lambda: daemon.client.health().sandbox, "the engine has said that it is ready")
        assert (sandbox.mode, sandbox.seccomp, sandbox.landlock > 0) == ("require", True, True)
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        daemon.kill_engine()
        until(lambda: len(daemon.logged("tried")) == 2, "the next engine has tried, too")
        assert [each["way"] for each in daemon.logged("escape") if not each["refused"]] == []
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        daemon.client.remove_torrent(made.torrent, delete_files=True)
        until(lambda: not (daemon.downloads / made.name).exists(), "its file is deleted")
    assert state(outside) == before
