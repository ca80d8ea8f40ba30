"""The steps that show what the image does. A step fails by an exception with the unexpected result."""

import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tools.container.image import Builder, Config
from tools.container.runtime import CommandFailed, Container
from tools.rig.waiting import until

USER: Final = "12345:0"
"""A uid without an entry in passwd, with the group that container engines then choose."""

PAYLOAD: Final = b"ouzel" * 200_000
STICKY: Final = 0o1777
KNOWN: Final = "import os, pwd; print(os.getuid() in {each.pw_uid for each in pwd.getpwall()})"
FETCH: Final = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())"
GATEWAY: Final = "http://127.0.0.1:8080"


class Story:
    """The steps for one image.

    Args:
        builder: the buildah that has built the image.
        config: the image's configuration.
        scratch: a directory for volumes and output.
    """

    def __init__(self, builder: Builder, config: Config, scratch: Path) -> None:
        self._builder, self._config, self._scratch = builder, config, scratch
        self._root = builder.mount()
        self._volumes = self._new_volumes("volumes")
        self._daemon: Container | None = None
        self._torrent = ""

    def steps(self) -> list[Callable[[], str]]:
        """All steps in order.

        Each step returns a text about the result. The step's docstring says what the step shows.
        """
        return [
            self.small,
            self.any_user,
            self.torrent,
            self.engine_killed,
            self.gateway,
            self.hang,
            self.end,
            self.second_container,
            self.own_user,
        ]

    def tail(self) -> str:
        """The end of the daemon's output."""
        return self._daemon.tail() if self._daemon else ""

    def close(self) -> None:
        """Ends the running container."""
        if self._daemon is not None:
            self._daemon.__exit__(None, None, None)

    def small(self) -> str:
        """The image has what runs Ouzel, and nothing that builds it."""
        installed = self._root / "opt/ouzel"
        files = [path for path in installed.rglob("*") if path.is_file() and not path.is_symlink()]
        surplus = [
            path.name for path in installed.glob("lib/python3*/site-packages/*") if path.name in ("pip", "setuptools")
        ]
        assert not surplus, surplus
        assert not (self._root / "source").exists()
        return f"{sum(path.stat().st_size for path in files) / 1e6:.0f} MB in {len(files)} files on top of the base"

    def any_user(self) -> str:
        """It starts as a user without an entry in passwd, as the first process, with a read-only root."""
        daemon = self._start("first")
        known = daemon.run("python3", "-I", "-c", KNOWN)
        status = daemon.status()
        seen = {name: status[name].split()[0] for name in ("Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs")}
        assert known == "False", known
        assert (seen["Uid"], seen["Gid"]) == tuple(USER.split(":")), seen
        assert int(seen["CapEff"], 16) == 0, seen
        assert status["NSpid"].split()[-1] == "1", status["NSpid"]
        return f"uid {seen['Uid']}, gid {seen['Gid']}, no capability, pid 1; the health check succeeds"

    def torrent(self) -> str:
        """A file on a volume is made into a torrent and seeded."""
        daemon = self._running()
        daemon.run("python3", "-I", "-c", f"open('/downloads/payload', 'wb').write(b'ouzel' * {len(PAYLOAD) // 5})")
        daemon.run("ouzel", "create", "/downloads/payload", "--seed", "--json")
        row = until(lambda: self._seeding(daemon), "the torrent is seeded")
        self._torrent = row["torrent"]
        return f"{self._torrent[:8]} of {len(PAYLOAD):,} bytes"

    def engine_killed(self) -> str:
        """An engine that is killed is replaced, and leaves no zombie."""
        daemon = self._running()
        before = self._health(daemon)["engine"]
        os.kill(_inside(daemon, before["pid"]), signal.SIGKILL)
        after = until(lambda: self._other_engine(daemon, before["pid"]), "another engine is ready")
        until(lambda: self._seeding(daemon), "the torrent is seeded again")
        assert not _zombies(daemon), _zombies(daemon)
        return f"generation {after['gen']} after {before['gen']}"

    def gateway(self) -> str:
        """The gateway runs in a container of its own beside it, from the same image."""
        daemon = self._running()
        log = self._scratch / "gateway.log"
        with self._container(log, command=("ouzel-gateway",), beside=daemon) as gateway:
            ready = until(lambda: _fetched(gateway, f"{GATEWAY}/readyz"), "the gateway is ready")
            health = gateway.run("python3", "-I", "-c", FETCH, f"{GATEWAY}/healthz")
            code = gateway.stop()
        assert json.loads(ready)["ready"] is True, ready
        assert code == 0, f"the gateway ended with {code}: {gateway.tail()}"
        return health

    def hang(self) -> str:
        """The health check fails while the daemon does not answer."""
        daemon = self._running()
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            assert not daemon.healthy(), "it succeeds for a stopped process"
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        until(daemon.healthy, "the health check succeeds")
        return "and succeeds again afterwards"

    def end(self) -> str:
        """The stop signal ends it cleanly."""
        code = self._running().stop()
        assert code == 0, f"it ended with {code}: {self.tail()}"
        return f"{self._config.stop_signal}, exit code 0"

    def second_container(self) -> str:
        """A second container has the torrent, because the volumes keep it."""
        self._root = self._builder.mount()
        daemon = self._start("second")
        row = until(lambda: self._seeding(daemon), "the torrent is seeded")
        assert row["torrent"] == self._torrent, row
        assert daemon.stop() == 0, self.tail()
        return f"{self._torrent[:8]} is seeded"

    def own_user(self) -> str:
        """The image's own user needs no entry in passwd either."""
        self._volumes = self._new_volumes("others")
        daemon = self._start("third", self._config.user)
        uid = daemon.status()["Uid"].split()[0]
        assert f"{uid}:" in self._config.user, uid
        assert uid != "0"
        assert daemon.stop() == 0, self.tail()
        return f"uid {uid}"

    def _start(self, name: str, user: str = USER) -> Container:
        self._daemon = daemon = self._container(self._scratch / f"{name}.log", user=user)
        until(daemon.healthy, "the health check succeeds")
        return daemon

    def _container(self, log: Path, user: str = USER, **how: Any) -> Container:
        return Container(self._root, self._config, self._volumes, user, log, **how)

    def _new_volumes(self, name: str) -> Mapping[str, Path]:
        """Empty volumes with the modes of the image's directories, as container engines make them."""
        made = {path: self._scratch / name / path.strip("/").replace("/", "-") for path in self._config.volumes}
        for path, directory in made.items():
            directory.mkdir(parents=True)
            directory.chmod(STICKY)
            assert (self._root / path.strip("/")).stat().st_mode & 0o7777 == STICKY, path
        return made

    def _running(self) -> Container:
        assert self._daemon is not None, "no container runs"
        return self._daemon

    def _seeding(self, daemon: Container) -> dict[str, Any] | None:
        rows: list[dict[str, Any]] = json.loads(daemon.run("ouzel", "ls", "--json"))["torrents"]
        return rows[0] if rows and rows[0]["state"] == "seeding" else None

    def _health(self, daemon: Container) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(daemon.run("ouzel", "health", "--json"))
        return found

    def _other_engine(self, daemon: Container, pid: int) -> dict[str, Any] | None:
        try:
            engine: dict[str, Any] = self._health(daemon)["engine"]
        except CommandFailed:
            return None
        return engine if engine.get("pid") not in (pid, None) else None


def _inside(container: Container, pid: int) -> int:
    """The pid on this machine of a process of the container."""
    for status in Path("/proc").glob("[0-9]*/status"):
        text = status.read_text()
        if f"\nNSpid:\t{status.parent.name}\t{pid}\n" in text and _namespace(status.parent) == _namespace(
            Path(f"/proc/{container.pid}")
        ):
            return int(status.parent.name)
    raise AssertionError(f"no process {pid} in the container")


def _namespace(process: Path) -> str:
    return str((process / "ns/pid").readlink())


def _zombies(container: Container) -> list[str]:
    """The container's processes that have ended and are still there."""
    script = "for each in /proc/[0-9]*; do grep -l '^State:.Z' $each/status; done || true"
    return container.run("sh", "-c", script).splitlines()


def _fetched(container: Container, url: str) -> str | None:
    try:
        return container.run("python3", "-I", "-c", FETCH, url)
    except CommandFailed:
        return None
