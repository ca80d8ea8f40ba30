"""An operator's day: runs each procedure of docs/systemd.md literally, with real names filled in.

A step fails by an exception with the unexpected result.
"""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tools.rig import payload
from tools.rig.payload import Torrent
from tools.rig.waiting import until
from tools.systemd import distribution
from tools.systemd.container import CommandFailed, Container
from tools.systemd.story import OFFLINE, install

OUZEL: Final = "/opt/ouzel/bin/ouzel --runtime-dir /run/ouzel"
RESUME: Final = "/var/lib/ouzel/resume"
BACKUP: Final = "/root/ouzel-backup.tar.gz"
LISTENER: Final = """\
import socket, time
taken = socket.create_server(("0.0.0.0", 7881))
time.sleep(3600)
"""


def procedure(page: str, title: str) -> list[str]:
    """The commands of a procedure of the page. The words at the beginning of the procedure identify it."""
    section = page.partition("\n## Everyday procedures\n")[2].partition("\n## ")[0]
    block = section.partition(f"\n**{title}")[2].partition("\n```sh\n")[2].partition("\n```\n")[0]
    assert block, f"docs/systemd.md has no procedure {title!r}"
    return block.splitlines()


class OperatorsDay:
    """The steps for one service. One of them moves the service to another host.

    Args:
        container: the first host: a booted container with the distribution as `/mnt`.
        other: the second host: another booted container. The service is moved to this host.
        scratch: a directory for payloads.
    """

    def __init__(self, container: Container, other: Container, scratch: Path) -> None:
        self._in = container
        self._other = other
        self._scratch = scratch
        self._page = (distribution.ROOT / "docs/systemd.md").read_text()
        self._made: list[Torrent] = []
        self._magnet = hashlib.sha1(b"magnet", usedforsecurity=False).hexdigest()

    def steps(self) -> list[Callable[[], str]]:
        """All steps in order.

        Each step returns a text about the result. The step's docstring says what the step shows.
        """
        return [
            self.installed,
            self.group,
            self.root,
            self.port,
            self.disk,
            self.record,
            self.damaged,
            self.backup,
            self.upgrade,
            self.another_host,
            self.uninstall,
        ]

    def installed(self) -> str:
        """Ouzel is installed on two hosts, and has a torrent and a magnet link on the first."""
        for host in (self._in, self._other):
            host.run("sh", "-e", "-c", install(host))
        seeded = self._seed("/srv/torrents", "first")
        self._ouzel("add", "--paused", f"magnet:?xt=urn:btih:{self._magnet}")
        self._until_state(seeded, "seeding")
        return self._lines("ls")

    def group(self) -> str:
        """A user gets access."""
        run = self._in.run
        run("useradd", "-m", "alice")
        try:
            run("su", "alice", "-c", f"{OUZEL} health")
            raise AssertionError("alice was let in before")
        except CommandFailed as refused:
            before = " ".join(str(refused).split())
        assert "group ouzel" in before, before
        self._do("Let somebody use it", NAME="alice")
        return f"before: {before!r}; then: {run('su', 'alice', '-c', f'{OUZEL} health').splitlines()[0]!r}"

    def root(self) -> str:
        """A second download root is added without a restart of the service."""
        before = self._health()["supervisor"]["pid"]
        self._do("Add a download root")
        until(lambda: self._can_add_to("/srv/more"), "the root is taken", every_s=0.2)
        seeded = self._seed("/srv/more", "second")
        self._until_state(seeded, "seeding")
        assert self._health()["supervisor"]["pid"] == before
        return f"save path {self._row(seeded)['save_path']}"

    def port(self) -> str:
        """A port that is in use is reported, with the remedy."""
        self._in.write("/root/listener.py", LISTENER)
        self._in.run("systemd-run", "--unit=listener", "/opt/ouzel/bin/python", "/root/listener.py")
        until(lambda: f":{7881:04X} " in self._in.run("cat", "/proc/net/tcp"), "the port is taken")
        self._do("Change the port")
        told = until(lambda: self._reason("7881"), "health tells of the port", every_s=0.2)
        self._in.run("systemctl", "stop", "listener")
        self._in.run("systemctl", "restart", "ouzel")
        until(lambda: self._ouzel("stats")["session"]["listen_port"] == 7881, "it listens there", every_s=0.2)
        until(self._healthy, "healthy", every_s=0.2)
        return told

    def disk(self) -> str:
        """A missing disk is reported, and its torrent continues once the disk is back."""
        run = self._in.run
        run("sh", "-e", "-c", "mkdir -p /var/disk /srv/more/disk; chown ouzel:ouzel /var/disk /srv/more/disk")
        run("mount", "--bind", "/var/disk", "/srv/more/disk")
        seeded = self._seed("/srv/more/disk", "third")
        self._until_state(seeded, "seeding")
        run("umount", "-l", "/srv/more/disk")
        self._until_state(seeded, "missing_storage")
        told = until(lambda: self._reason("/srv/more/disk"), "health tells of the disk", every_s=0.2)
        run("mount", "--bind", "/var/disk", "/srv/more/disk")
        self._until_state(seeded, "seeding")
        until(self._healthy, "healthy", every_s=0.2)
        return told

    def record(self) -> str:
        """A record is edited by hand."""
        torrent = self._made[0].torrent
        self._do("Edit a record", ID=torrent)
        until(lambda: self._row(torrent)["labels"] == ["edited"], "the label is there", every_s=0.2)
        self._until_state(torrent, "seeding")
        return f"labels {self._row(torrent)['labels']}"

    def damaged(self) -> str:
        """A damaged record is put aside, reported, repaired and restored."""
        torrent = self._made[0].torrent
        record = self._in.path(f"{RESUME}/{torrent}.json")
        good = record.read_text()
        self._in.run("systemctl", "stop", "ouzel")
        record.write_text(good[: len(good) // 2])
        self._in.run("systemctl", "start", "ouzel")
        told = until(lambda: self._reason(f"{torrent}.json"), "health tells of the record", every_s=0.2)
        self._in.path(f"{RESUME}/damaged/{torrent}.json").write_text(good)
        self._do("Give back a damaged record", NAME=f"{torrent}.json")
        self._until_state(torrent, "seeding")
        until(self._healthy, "healthy", every_s=0.2)
        return told

    def backup(self) -> str:
        """A backup is made while the service runs."""
        self._do("Back up")
        found = self._in.run("tar", "-tzf", BACKUP).splitlines()
        records = [name for name in found if re.search(r"^resume/[0-9a-f]{40}\.json$", name)]
        assert len(records) == len(self._rows()), found
        return f"{len(found)} files, {len(records)} records"

    def upgrade(self) -> str:
        """Another version is installed over this version, and all torrents are restored."""
        before = self._health()["supervisor"]["pid"]
        config = self._in.path("/etc/ouzel/ouzel.toml").read_text()
        self._do("Upgrade", before=["cd /root/ouzel", OFFLINE])
        assert self._health()["supervisor"]["pid"] != before
        assert self._in.path("/etc/ouzel/ouzel.toml").read_text() == config
        for made in self._made:
            self._until_state(made.torrent, "seeding")
        return self._in.run("/opt/ouzel/bin/ouzeld", "--version")

    def another_host(self) -> str:
        """The backup is restored on another host, where the downloads are at the same paths."""
        rows, old = self._rows(), self._in
        new = self._other
        for path in ("/srv/torrents", "/srv/more", "/var/disk"):
            new.run("sh", "-e", "-c", f"install -d -o ouzel -g ouzel {path}")
            for file in old.path(path).iterdir():
                if file.is_file():
                    new.path(f"{path}/{file.name}").write_bytes(file.read_bytes())
        new.run("sh", "-e", "-c", "install -d /srv/more/disk; mount --bind /var/disk /srv/more/disk")
        new.run("chown", "-R", "ouzel:ouzel", "/srv/torrents", "/srv/more")
        new.path("/etc/ouzel/ouzel.toml").write_text(old.path("/etc/ouzel/ouzel.toml").read_text())
        new.path(BACKUP).write_bytes(old.path(BACKUP).read_bytes())
        self._in = new
        self._do("Restore it")
        for made in self._made:
            self._until_state(made.torrent, "seeding")
        found = self._rows()
        self._in = old
        for torrent, row in rows.items():
            same = ("name", "save_path", "labels", "paused", "added_us")
            assert {name: found[torrent][name] for name in same} == {name: row[name] for name in same}
        return f"{len(found)} torrents, with their paths, labels and states"

    def uninstall(self) -> str:
        """Ouzel is uninstalled, and only the downloads are left."""
        self._do("Uninstall")
        for gone in ("/opt/ouzel", "/etc/ouzel", "/var/lib/ouzel", "/run/ouzel", "/etc/systemd/system/ouzel.service"):
            assert not self._in.path(gone).exists(), gone
        assert self._in.path(f"/srv/torrents/{self._made[0].name}").exists()
        return "the downloads are there"

    # -- helpers --------------------------------------------------------------------------------------------------

    def _do(self, title: str, *, before: list[str] | None = None, **names: str) -> None:
        """Runs a procedure of the page, with the operator's names filled in."""
        text = "\n".join([*(before or []), *procedure(self._page, title)])
        for name, value in names.items():
            text = re.sub(rf"\b{name}\b", value, text)
        self._in.run("sh", "-e", "-c", f'ouzel() {{ /opt/ouzel/bin/ouzel "$@"; }}\n{text}')

    def _ouzel(self, *args: str) -> Any:
        return json.loads(self._in.run(*OUZEL.split(), *args, "--json"))

    def _lines(self, *args: str) -> str:
        return " / ".join(self._in.run(*OUZEL.split(), *args).splitlines())

    def _health(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ouzel("health")
        return found

    def _healthy(self) -> bool:
        health = self._health()
        return bool(health["status"] == "healthy" and health["engine"]["state"] == "running")

    def _reason(self, word: str) -> str | None:
        reasons = self._health()["reasons"]
        return next((each["message"] for each in reasons if word in f"{each['subject']} {each['message']}"), None)

    def _rows(self) -> dict[str, dict[str, Any]]:
        return {row["torrent"]: row for row in self._ouzel("ls")["torrents"]}

    def _row(self, torrent: str) -> dict[str, Any]:
        return self._rows()[torrent]

    def _until_state(self, torrent: str, state: str) -> None:
        until(lambda: self._row(torrent)["state"] == state, f"{torrent} is {state}", every_s=0.2)

    def _can_add_to(self, root: str) -> bool:
        probe = hashlib.sha1(root.encode(), usedforsecurity=False).hexdigest()
        try:
            self._ouzel("add", "--paused", f"magnet:?xt=urn:btih:{probe}", "--save-path", root)
        except CommandFailed:
            return False
        self._ouzel("rm", probe)
        return True

    def _seed(self, root: str, name: str) -> str:
        """Adds a torrent with complete data. Returns its id."""
        made = payload.make(self._scratch / name, f"{name}.bin", {"": payload.MIB})
        self._in.path(f"{root}/{made.name}").write_bytes((made.root / made.name).read_bytes())
        self._in.path(f"/root/{name}.torrent").write_bytes(made.metainfo)
        self._in.run("chown", "ouzel:ouzel", f"{root}/{made.name}")
        self._made.append(made)
        self._ouzel("add", f"/root/{name}.torrent", "--save-path", root)
        return made.torrent
