"""The procedures with the files of the resume directory that docs/storage.md describes, on a real daemon."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


def seeding(daemon: Daemon, name: str) -> Torrent:
    """A torrent that is complete and saved."""
    made = payload.make(daemon.downloads, name, {"": 50_000}, piece_size=16384)
    daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True, labels=["first"])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    until((daemon.resume_dir / f"{made.torrent}.json").is_file, "its record is there")
    return made


def without_checksum(text: str) -> str:
    """Removes the checksum's line, as docs/storage.md describes."""
    return "".join(line for line in text.splitlines(keepends=True) if '"checksum"' not in line)


def cli(daemon: Daemon, *argv: str, code: int = 0) -> Any:
    """A command's output with `--json`."""
    done = subprocess.run(
        [sys.executable, "-m", "ouzel", "--runtime-dir", str(daemon.runtime_dir), *argv, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def reasons(daemon: Daemon) -> dict[str, str]:
    """The reasons of the resume directory in `health`."""
    return {each.subject: each.message for each in daemon.client.health().reasons if each.component == "resume_dir"}


def test_a_record_is_edited_damaged_and_given_back(root: Path) -> None:
    """An edit takes effect.

    Damage is reported, also after restarts, and the record can be restored with its files once it is valid.
    """
    with Daemon(root / "d") as daemon:
        made = seeding(daemon, "a")
        record = daemon.resume_dir / f"{made.torrent}.json"
        aside = daemon.resume_dir / "damaged" / record.name
        assert daemon.stop() == 0
        record.write_text(without_checksum(record.read_text()).replace('"first"', '"edited"'))
        daemon.start()
        assert daemon.client.get_torrent(made.torrent).labels == ["edited"]
        daemon.client.update_limits(made.torrent, download_bps=7)  # it has a checksum again
        assert daemon.stop() == 0
        record.write_text(record.read_text().replace('"edited"', '"damage"'))
        daemon.start()
        assert list(daemon.client.list_torrents()) == []
        assert daemon.stop() == 0
        daemon.start()
        until(lambda: record.name in reasons(daemon), "the restart has not forgotten it")
        assert "ouzel damaged list" in reasons(daemon)[record.name]
        listed = {file["name"]: file for file in cli(daemon, "damaged", "list")["files"]}
        assert "checksum" in listed[record.name]["problem"]
        assert "not_restorable" in cli(daemon, "damaged", "restore", record.name, code=1)
        assert "unknown_damaged" in cli(daemon, "damaged", "restore", "no.json", code=1)
        aside.write_text(without_checksum(aside.read_text()))
        restored = cli(daemon, "damaged", "restore", record.name)
        assert restored["torrent"] == made.torrent
        assert f"{made.torrent}.torrent" in restored["files"]
        row = daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert (row.labels, row.bytes_done) == (["damage"], 50_000)
        until(lambda: reasons(daemon) == {}, "nothing is missed any more")
        assert list(aside.parent.iterdir()) == []
        shutil.copy(record, aside)
        until(lambda: len(cli(daemon, "damaged", "list")["files"]) == 1, "it is listed")
        assert "there is a torrent of this id" in cli(daemon, "damaged", "restore", record.name, code=1)
        daemon.kill()
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.SEEDING)


def test_a_copy_is_an_older_state_and_another_machine(root: Path) -> None:
    """A copy of a running daemon may lack temporary files and torrents added since."""
    with Daemon(root / "d") as daemon:
        made = seeding(daemon, "a")
        until((daemon.resume_dir / f"{made.torrent}.torrent").is_file, "it is whole")
        shutil.copytree(daemon.resume_dir, root / "copy", ignore=shutil.ignore_patterns("*.tmp"))
        seeding(daemon, "b")
        assert daemon.stop() == 0
        shutil.rmtree(daemon.resume_dir)
        (root / "copy").rename(daemon.resume_dir)
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert [row.torrent for row in daemon.client.list_torrents()] == [made.torrent]
        until(daemon.healthy, "all is well")


ROOT = Path(__file__).parents[3]
PROCEDURES = ROOT / "docs/systemd.md"
PAGES = [ROOT / "README.md", PROCEDURES, ROOT / "docs/security.md"]


def everyday(text: str) -> list[str]:
    """The commands of the everyday procedures, which `OperatorsDay` runs unchanged."""
    return commands(text.partition("\n## Everyday procedures\n")[2].partition("\n## ")[0])


def commands(text: str) -> list[str]:
    """The lines of all shell blocks, without comments."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    return [re.sub(r"\s+# .*", "", line) for line in lines if line.strip()]


COMMANDS = {
    "scripts/run": "scripts/test",
    "scripts/test": "scripts/test",
    ".venv/bin/ouzel add FILE.torrent --wait": "tests/ouzel/cli/test_main.py",
    ".venv/bin/ouzel health": "tests/ouzel/cli/test_main.py",
    "ouzel keys new --server --out /etc/ouzel": "tests/ouzel/cli/commands/daemon/test_keys.py",
    "ouzel keys new laptop --role read": "tests/ouzel/cli/commands/daemon/test_keys.py",
    "ouzel --server tcp://HOST:7801 --server-key server.key --key laptop.key_secret health": (
        "tests/end_to_end/clients/test_access.py"
    ),
    **dict.fromkeys(
        [
            "umask 022",
            "python3 -I -m venv /opt/ouzel",
            "/opt/ouzel/bin/pip install --require-hashes --only-binary=:all: -r requirements.txt",
            "/opt/ouzel/bin/pip install --no-index --no-deps --no-build-isolation .",
            "install -Dm644 packaging/ouzel.sysusers.conf /usr/lib/sysusers.d/ouzel.conf",
            "systemd-sysusers",
            "install -Dm644 packaging/ouzel.tmpfiles.conf /usr/lib/tmpfiles.d/ouzel.conf",
            "systemd-tmpfiles --create",
            "install -Dm644 packaging/ouzel.toml /etc/ouzel/ouzel.toml",
            "install -Dm644 packaging/ouzel.service /etc/systemd/system/ouzel.service",
            "systemctl enable --now ouzel",
        ],
        "tools/systemd/story.py",
    ),
    **dict.fromkeys(everyday(PROCEDURES.read_text()), "tools/systemd/operators_day.py"),
}
"""Each command of README and of the pages for operators, and the test that runs it."""


def test_each_command_of_the_pages_is_run_somewhere() -> None:
    """A new command needs a row here, and something that runs it."""
    assert {each for page in PAGES for each in commands(page.read_text())} == set(COMMANDS)
    for where in COMMANDS.values():
        assert (ROOT / where).is_file(), where


def test_an_operators_day_has_every_everyday_procedure() -> None:
    """Procedures are matched by the words at their beginning."""
    titles = re.findall(r"\n\*\*(.+?)\*\*", PROCEDURES.read_text().partition("\n## Everyday procedures\n")[2])
    day = (ROOT / "tools/systemd/operators_day.py").read_text()
    done = re.findall(r"_do\(\"([^\"]+)\"", day)
    assert titles
    for title in titles:
        assert any(title.startswith(each) for each in done), title
    assert len(done) == len(titles)
