"""Tests the Debian package: installation, a download, an upgrade, refusals, a move to another host, and purge.

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
from tools.systemd.container import CommandFailed, Container
from tools.systemd.package_move import PackageMove
from tools.systemd.package_pair import VERSION_AFTER, VERSION_BEFORE, Packages
from tools.systemd.package_programs import CHANGER, DOWNLOAD, SEED
from tools.systemd.packaged_host import PackagedHost

UNITS: Final = ("ouzel", "ouzel-gateway")
RESUME: Final = "/var/lib/ouzel/resume"
ACKNOWLEDGED: Final = "/root/acknowledged"
CHANGES_BEFORE: Final = 30
"""The number of changes that the client has made when the upgrade begins."""

NEAR_S: Final = 1.0
"""The last acknowledged change must be at most this long before the stop."""

NEWER: Final = '{\n  "format": 99,\n  "written_by": "9.9.9"\n}\n'
EXAMPLES: Final = ("grafana/ouzel.json", "prometheus/ouzel.rules.yml", "prometheus/ouzel.rules.test.yml")
DOWNLOADED: Final = "/srv/torrents/payload.bin"


class PackageStory:
    """The steps for one service.

    Args:
        container: a booted container with the packages in `/mnt`.
        other: a second booted container with the packages. The service is moved to this container.
        scratch: a directory for a payload.
    """

    def __init__(self, container: Container, other: Container, scratch: Path, packages: Packages) -> None:
        self._in = container
        self._host = PackagedHost(container, "one")
        self._move = PackageMove(
            self._host,
            PackagedHost(other, "two"),
            scratch,
            packages.after,
            lambda: self._password,
            self._downloaded,
        )
        self._scratch = scratch
        self._packages = packages
        self._password = ""
        self._made: Torrent | None = None

    def steps(self) -> list[Callable[[], str]]:
        """All steps in order.

        Each step returns a text about the result. The step's docstring says what the step shows.
        """
        return [
            self.installed,
            self.units,
            self.shell,
            self.download,
            self.upgrade,
            self.after_upgrade,
            self.downgrade,
            self.newer_format,
            *self._move.steps(),
            self.removed,
            self.installed_again,
            self.purged,
        ]

    def installed(self) -> str:
        """The version before is installed from its package, without a network."""
        told = self._host.apt("install", self._packages.before)
        assert "cannot start" not in told, told
        return f"{self._version()}, {self._in.run('id', 'ouzel')}"

    def units(self) -> str:
        """Both units are enabled and active, and the gateway has made a password."""
        for unit in UNITS:
            assert self._in.run("systemctl", "is-enabled", unit) == "enabled"
            until(lambda unit=unit: self._host.show(unit, "ActiveState") == "active", f"{unit} is active")  # type: ignore[misc]  # mypy sees no default
        journal = ("journalctl", "-u", "ouzel-gateway", "--no-pager", "-o", "cat")
        found = until(
            lambda: re.search(r"the password of 'admin' is (\S+)", self._in.run(*journal)), "a password in the journal"
        )
        self._password = found[1]
        return " and ".join(f"{unit} as {self._user(unit)}" for unit in UNITS)

    def shell(self) -> str:
        """Manual pages, completions and the commented configuration are installed."""
        files = (
            "/usr/share/man/man1/ouzel.1.gz",
            "/usr/share/man/man8/ouzeld.8.gz",
            "/usr/share/man/man8/ouzel-gateway.8.gz",
            "/usr/share/bash-completion/completions/ouzel",
            "/usr/share/zsh/vendor-completions/_ouzel",
            "/usr/share/fish/vendor_completions.d/ouzel.fish",
            "/etc/ouzel/ouzel.toml",
        )
        listed = self._in.run("dpkg", "-L", "ouzel").splitlines()
        assert set(files) <= set(listed), listed
        conffiles = self._in.run("dpkg-query", "-W", "-f", "${Conffiles}", "ouzel")
        assert "/etc/ouzel/ouzel.toml" in conffiles, conffiles
        return f"{len(listed)} files; conffile {conffiles.split()[0]}"

    def download(self) -> str:
        """A torrent is downloaded from a seed, added through the gateway's Web API of qBittorrent."""
        made = self._made = payload.make(self._scratch / "payload", "payload.bin", {"": 8 * payload.MIB})
        self._in.path("/root/seed").mkdir()
        self._in.path("/root/seed/payload.bin").write_bytes((made.root / made.name).read_bytes())
        self._in.path("/root/payload.torrent").write_bytes(made.metainfo)
        self._in.write("/root/seed.py", SEED)
        self._in.write("/root/download.py", DOWNLOAD)
        # A copy, so that an upgrade does not change a running program.
        self._in.run("cp", "-a", "/usr/lib/ouzel", "/root/client")
        self._in.run("systemd-run", "--unit=seed", "/root/client/bin/python", "-I", "/root/seed.py")
        told = self._in.run("/root/client/bin/python", "-I", "/root/download.py", self._password, made.torrent)
        assert self._is_downloaded(), "the file differs from the seed's"
        return told

    def upgrade(self) -> str:
        """The package is upgraded while a client makes changes, until the daemon stops.

        No acknowledged change is lost.
        """
        self._in.write("/root/changer.py", CHANGER)
        assert self._made is not None
        argv = ("/root/client/bin/python", "-I", "/root/changer.py", ACKNOWLEDGED, self._made.torrent)
        self._in.run("systemd-run", "--unit=changer", *argv)
        until(lambda: len(self._acknowledged()) >= CHANGES_BEFORE, "changes are acknowledged")
        before = self._host.health()["supervisor"]["pid"]
        told = self._host.apt("install", self._packages.after)
        assert "cannot start" not in told, told
        until(lambda: self._host.show("changer", "ActiveState") != "active", "the client has seen the stop")
        until(self._host.is_healthy, "healthy", every_s=0.2)
        assert self._host.health()["supervisor"]["pid"] != before
        acknowledged = self._acknowledged()
        rows = self._host.rows()
        lost = [each["magnet"] for each in acknowledged if "magnet" in each and each["magnet"] not in rows]
        assert not lost, lost
        last = max(each["upload_bps"] for each in acknowledged if "upload_bps" in each)
        limit = json.loads(self._in.path(f"{RESUME}/{self._made.torrent}.json").read_text())["upload_bps"]
        assert limit >= last, (limit, last)
        late_s = acknowledged[-1]["at"] - self._stopped_at()
        assert late_s > -NEAR_S, f"the last change was acknowledged {-late_s:.3f} s before the stop"
        return (
            f"{VERSION_BEFORE} to {self._version()}; {len(acknowledged)} changes acknowledged, the last at "
            f"{late_s * 1000:+.1f} ms from when the daemon noted the stop; {len(rows)} torrents, none lost"
        )

    def after_upgrade(self) -> str:
        """The download seeds without a new check, the gateway has the same password, and there are new examples."""
        for example in EXAMPLES:
            assert self._in.path(f"/usr/share/doc/ouzel/examples/{example}").is_file(), example
        assert self._made is not None
        until(lambda: self._host.rows()[self._made.torrent]["state"] == "seeding", "it seeds", every_s=0.2)  # type: ignore[union-attr]  # it was made
        told = self._in.run("/root/client/bin/python", "-I", "/root/download.py", self._password)
        written = json.loads(self._in.path(f"{RESUME}/format.json").read_text())
        return f"{told}; format {written['format']}, written by {written['written_by']}"

    def downgrade(self) -> str:
        """A downgrade to a version that does not know the format is refused by dpkg. The service goes on."""
        before = self._digest()
        try:
            self._host.apt("install", "--allow-downgrades", self._packages.before)
            raise AssertionError("the older version was installed")
        except CommandFailed as refused:
            told = [line for line in str(refused).splitlines() if line.startswith("ouzel: ")]
        assert told, "no reason was given"
        assert VERSION_AFTER in self._in.run("dpkg-query", "-W", "ouzel")
        until(self._host.is_healthy, "healthy", every_s=0.2)
        assert self._digest() == before
        return " ".join(told)

    def newer_format(self) -> str:
        """A start with the records of a newer version fails once, says why, and changes nothing."""
        self._in.run("systemctl", "stop", "ouzel")
        file = self._in.path(f"{RESUME}/format.json")
        good = file.read_text()
        file.write_text(NEWER)
        before = self._digest(everything=True)
        self._in.run("sh", "-c", "systemctl start ouzel || true")
        assert self._host.show("ouzel", "ActiveState") == "failed"
        assert (self._host.show("ouzel", "ExecMainStatus"), self._host.show("ouzel", "NRestarts")) == ("78", "0")
        checked = self._in.run("sh", "-c", "ouzeld --check --config /etc/ouzel/ouzel.toml; echo exit $?")
        assert "format 99" in checked, checked
        assert checked.endswith("exit 78"), checked
        assert self._digest(everything=True) == before
        status = self._in.run("sh", "-c", "systemctl status --no-pager --full ouzel || true")
        [line] = [line for line in status.splitlines() if "format 99" in line]
        file.write_text(good)
        self._in.run("systemctl", "start", "ouzel")
        until(self._host.is_healthy, "healthy", every_s=0.2)
        return line.split("]: ", 1)[-1]

    def removed(self) -> str:
        """The package is removed. Downloads, state and configuration stay."""
        records = self._digest()
        self._host.apt("remove", "ouzel")
        assert not self._in.path("/usr/lib/ouzel").exists()
        for unit in UNITS:
            assert self._host.show(unit, "ActiveState") == "inactive"
        assert self._digest() == records
        assert self._in.path("/etc/ouzel/ouzel.toml").exists()
        assert self._is_downloaded()
        return f"{len(records)} records are there, and the downloaded file"

    def installed_again(self) -> str:
        """After another installation all torrents are there."""
        torrents = {name.partition(".")[0] for name in self._digest()}
        self._host.apt("install", self._packages.after)
        until(self._host.is_healthy, "healthy", every_s=0.2)
        assert set(self._host.rows()) == torrents
        return f"{len(torrents)} torrents"

    def purged(self) -> str:
        """The package is purged. State and configuration are gone, and the downloads stay."""
        self._host.apt("purge", "ouzel")
        for gone in ("/var/lib/ouzel", "/var/lib/ouzel-gateway", "/etc/ouzel", "/usr/lib/ouzel", "/run/ouzel"):
            assert not self._in.path(gone).exists(), self._in.run("find", gone)
        assert self._is_downloaded()
        return f"only {DOWNLOADED} and the users are left"

    # -- helpers --------------------------------------------------------------------------------------------------

    def _version(self) -> str:
        return self._in.run("ouzeld", "--version")

    def _user(self, unit: str) -> str:
        return self._in.run("stat", "-c", "%U", f"/proc/{self._host.show(unit, 'MainPID')}")

    def _acknowledged(self) -> list[dict[str, Any]]:
        file = self._in.path(ACKNOWLEDGED)
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def _stopped_at(self) -> float:
        """When the last supervisor before this one noted the stop, in seconds since 1970."""
        lines = self._in.run("journalctl", "-u", "ouzel", "--no-pager", "-o", "json").splitlines()
        noted = [each for each in map(json.loads, lines) if "stopping" in str(each.get("MESSAGE"))]
        return int(noted[-1]["__REALTIME_TIMESTAMP"]) / 1e6

    def _digest(self, *, everything: bool = False) -> dict[str, str]:
        """The hashes of all records by name; of all files of the resume directory if `everything`."""
        root = self._in.path(RESUME)
        found = (
            (path.relative_to(root), path) for path in root.rglob("*" if everything else "*.json") if path.is_file()
        )
        return {
            str(name): hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in sorted(found)
            if everything or re.fullmatch(r"[0-9a-f]{40}\.json", str(name))
        }

    def _downloaded(self) -> Torrent:
        assert self._made is not None
        return self._made

    def _is_downloaded(self) -> bool:
        assert self._made is not None
        return self._in.path(DOWNLOADED).read_bytes() == (self._made.root / self._made.name).read_bytes()
