"""Moves the service of the Debian package to a second host, and examines it with `ouzel doctor`.

The steps belong to the package's story. A step fails by an exception with the unexpected result.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tools.rig import payload
from tools.rig.payload import Torrent
from tools.rig.waiting import until
from tools.systemd.package_programs import DOWNLOAD, SEED
from tools.systemd.packaged_host import PackagedHost

CONFIG: Final = "--config /etc/ouzel/ouzel.toml"
BACKUP: Final = "/root/ouzel.tar.gz"
KEPT: Final = ("name", "save_path", "labels", "category", "paused", "upload_limit_bps", "added_us")
"""The fields of a torrent that a restore must not change."""

OVERRIDE: Final = "[Service]\nInaccessiblePaths=/srv/torrents\n"
NEW_ROOT: Final = "/srv/new"


class PackageMove:
    """The steps.

    Args:
        old: the host on which the package is installed.
        new: the second host. It has no package at first.
        scratch: a directory for a payload.
        package: the file of the package.
        password: returns the password of the old host's gateway.
        downloaded: returns a torrent that the old host has downloaded.
    """

    def __init__(
        self,
        old: PackagedHost,
        new: PackagedHost,
        scratch: Path,
        package: str,
        password: Callable[[], str],
        downloaded: Callable[[], Torrent],
    ) -> None:
        self._old = old
        self._new = new
        self._scratch = scratch
        self._package = package
        self._password = password
        self._downloaded = downloaded
        self._made: Torrent | None = None
        self._rows: dict[str, dict[str, Any]] = {}

    def steps(self) -> list[Callable[[], str]]:
        """All steps in order. Each returns a text about the result. Its docstring says what it shows."""
        return [self.examined, self.override, self.backed_up, self.restored, self.went_on, self.mapped]

    def examined(self) -> str:
        """`ouzel doctor` finds no error in the installed service."""
        findings, code = self._doctor()
        assert code in (0, 7), (code, findings)
        bad = [each for each in findings if each["status"] in ("error", "warning")]
        assert not [each for each in bad if each["status"] == "error"], bad
        assert any("ouzel.service is active" in each["seen"] for each in findings), findings
        return f"{len(findings)} findings, exit code {code}; " + "; ".join(
            f"{each['status']}: {each['seen']}" for each in bad
        )

    def override(self) -> str:
        """`ouzel doctor` finds a drop-in that hides the download root, and nothing once it is gone."""
        host, drop_in = self._old.container, "/etc/systemd/system/ouzel.service.d/override.conf"
        host.write(drop_in, OVERRIDE)
        host.run("systemctl", "daemon-reload")
        findings, code = self._doctor()
        [found] = [each for each in findings if each["status"] == "error" and "InaccessiblePaths=" in each["seen"]]
        assert code == 6, (code, findings)
        host.path(drop_in).unlink()
        host.run("systemctl", "daemon-reload")
        assert self._doctor()[1] in (0, 7)
        return f"exit code {code}; {found['seen']}; {found['advice']}"

    def backed_up(self) -> str:
        """A host with a category, a selection and a limit is backed up, while its daemon and its gateway run."""
        old = self._old
        made = self._made = payload.make(self._scratch / "set", "set", dict.fromkeys(("a", "b", "c"), payload.MIB))
        old.container.path("/root/set.torrent").write_bytes(made.metainfo)
        old.container.run("install", "-d", "/root/seed/set")
        for file in (made.root / made.name).iterdir():
            old.container.path(f"/root/seed/set/{file.name}").write_bytes(file.read_bytes())
        old.container.run("systemctl", "restart", "seed")
        told = [
            old.shown("ouzel categories put films --save-path /srv/torrents/films"),
            old.shown(
                "ouzel add /root/set.torrent --category films --exclude '*c' --label kept --limit-up 5M "
                "--peer 127.0.0.1:6999 --wait"
            ),
        ]
        self._rows = old.rows()
        told.append(old.shown(f"ouzel backup {BACKUP} {CONFIG}"))
        told.append(old.shown(f"tar -tzf {BACKUP} | grep -v '/[0-9a-f]\\{{40\\}}'"))
        assert old.is_healthy()
        return "\n".join(["", *told])

    def restored(self) -> str:
        """The backup is restored on a second host with a fresh package: all torrents, options and the password."""
        new, old = self._new, self._old.container
        new.apt("install", self._package)
        until(new.is_healthy, "healthy", every_s=0.2)
        new.container.path(BACKUP).write_bytes(old.path(BACKUP).read_bytes())
        new.ouzel("add", "--paused", f"magnet:?xt=urn:btih:{'b' * 40}")
        self._copy_payload("/srv/torrents")
        told = [new.shown(f"ouzel restore {BACKUP} {CONFIG} --replace 2>&1 || echo exit code $?")]
        assert "in use" in told[-1], told
        told.append(new.shown("systemctl stop ouzel ouzel-gateway"))
        told.append(new.shown(f"ouzel restore {BACKUP} {CONFIG} 2>&1 || echo exit code $?"))
        assert "--replace" in told[-1], told
        told.append(new.shown(f"ouzel restore {BACKUP} {CONFIG} --replace"))
        told.append(new.shown("systemctl start ouzel ouzel-gateway"))
        until(new.is_healthy, "healthy", every_s=0.2)
        self._same({})
        new.container.write("/root/download.py", DOWNLOAD)
        new.container.run("cp", "-a", "/usr/lib/ouzel", "/root/client")
        login = new.container.run("/root/client/bin/python", "-I", "/root/download.py", self._password())
        told.append(new.shown("ouzel ls --state seeding"))
        return "\n".join(["", *told, login])

    def went_on(self) -> str:
        """The restored download goes on: the file that was not selected is fetched, and the torrent seeds."""
        new = self._new.container
        assert self._made is not None
        new.path("/root/seed").mkdir()
        old = self._old.container
        new.run("install", "-d", "/root/seed/set")
        for name in ("seed/payload.bin", "seed/set/a", "seed/set/b", "seed/set/c", "payload.torrent", "set.torrent"):
            new.path(f"/root/{name}").write_bytes(old.path(f"/root/{name}").read_bytes())
        new.write("/root/seed.py", SEED)
        new.run("systemd-run", "--unit=seed", "/root/client/bin/python", "-I", "/root/seed.py")
        torrent = self._made.torrent
        before = self._new.rows()[torrent]
        told = [
            self._new.shown("ouzel files set --all"),
            self._new.shown("ouzel peers set --add 127.0.0.1:6999"),
        ]
        until(lambda: self._new.rows()[torrent]["bytes_done"] == self._size(), "it is complete", every_s=0.2)
        until(lambda: self._new.rows()[torrent]["state"] == "seeding", "it seeds", every_s=0.2)
        after = self._new.rows()[torrent]
        fetched = after["bytes_done"] - before["bytes_done"]
        assert fetched == payload.MIB, (before, after)
        got = self._new.container.path("/srv/torrents/films/set/c").read_bytes()
        assert got == (self._made.root / "set/c").read_bytes()
        told.append(self._new.shown("ouzel ls --name set"))
        return "\n".join(["", *told])

    def mapped(self) -> str:
        """The backup is restored once more, with all files at another path. The download seeds, and is not hashed."""
        new = self._new
        new.container.run("install", "-d", "-o", "ouzel", "-g", "ouzel", "-m", "2770", NEW_ROOT)
        self._copy_payload(NEW_ROOT)
        roots = f'download_roots = ["/srv/torrents", "{NEW_ROOT}"]'
        told = [
            new.shown("systemctl stop ouzel ouzel-gateway"),
            new.shown(f"sed -i 's|^download_roots = .*|{roots}|' /etc/ouzel/ouzel.toml"),
            new.shown(f"ouzel restore {BACKUP} {CONFIG} --replace --map /srv/torrents={NEW_ROOT}"),
            new.shown("systemctl start ouzel ouzel-gateway"),
        ]
        until(new.is_healthy, "healthy", every_s=0.2)
        self._same({"/srv/torrents": NEW_ROOT})
        [category] = new.ouzel("categories")["categories"]
        assert category["save_path"] == f"{NEW_ROOT}/films", category
        torrent = self._downloaded().torrent
        until(lambda: new.rows()[torrent]["state"] == "seeding", "it seeds", every_s=0.2)
        told.append(new.shown("ouzel ls --state seeding --column path"))
        return "\n".join(["", *told])

    # -- helpers --------------------------------------------------------------------------------------------------

    def _doctor(self) -> tuple[list[dict[str, Any]], int]:
        """The findings, and the exit code."""
        script = f"ouzel doctor {CONFIG} --json; code=$?; echo; echo $code"
        document, _, code = self._old.container.run("sh", "-c", script).rpartition("\n")
        found: list[dict[str, Any]] = json.loads(document)
        return found, int(code)

    def _size(self) -> int:
        assert self._made is not None
        return self._made.size

    def _copy_payload(self, root: str) -> None:
        """Copies the downloads of the old host to the new one, with their modification times."""
        source, target = self._old.container.path("/srv/torrents"), self._new.container.path(root)
        for file in sorted(source.rglob("*")):
            copy = target / file.relative_to(source)
            if file.is_dir():
                copy.mkdir(exist_ok=True)
            else:
                copy.write_bytes(file.read_bytes())
                times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
                os.utime(copy, ns=times)
        self._new.container.run("chown", "-R", "ouzel:ouzel", root)

    def _same(self, moved: dict[str, str]) -> None:
        """Compares all torrents with the torrents of the old host."""
        found = self._new.rows()
        assert set(found) == set(self._rows), set(found) ^ set(self._rows)
        for torrent, row in self._rows.items():
            wanted = {name: row[name] for name in KEPT if name in row}
            for before, after in moved.items():
                wanted["save_path"] = wanted["save_path"].replace(before, after)
            assert {name: found[torrent][name] for name in wanted} == wanted
        assert self._made is not None
        files = self._new.ouzel("files", self._made.torrent)["files"]
        assert {each["path"]: each["priority"] > 0 for each in files} == {"set/a": True, "set/b": True, "set/c": False}
        for torrent in (self._made.torrent, self._downloaded().torrent):
            until(
                lambda torrent=torrent: self._new.rows()[torrent]["state"] in ("seeding", "finished"),  # type: ignore[misc]  # mypy sees no default
                f"{torrent} is complete",
                every_s=0.2,
            )
        journal = self._new.container.run("journalctl", "-u", "ouzel", "--no-pager", "-o", "cat")
        hashed = [line for line in journal.splitlines() if "pieces_found" in line]
        assert not any(self._downloaded().torrent in line for line in hashed), hashed
