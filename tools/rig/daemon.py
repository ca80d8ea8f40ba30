"""A real `ouzeld` in a temporary directory."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import ouzel
from engine_proc.process import landlock
from engine_proc.process.sandbox import FILES_SINCE
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentRow, TorrentState
from tools.rig.forking.forked_daemon import ForkedDaemon, ForkServer
from tools.rig.seed import LOOPBACK
from tools.rig.stderrs import Stderr
from tools.rig.waiting import until


class Daemon:
    """A supervisor and its engine. A test can start and kill them repeatedly. The log is in `root / log`.

    Args:
        root: an empty directory with a short path, because it will contain sockets.
        engine: libtorrent settings that override the settings for loopback.
        roots: more download roots.
        restart, limits, api, sandbox: keys of these sections of the configuration. If the engine is not the real
            engine, the sandbox is off. Engines of tests may have to write files elsewhere.
        ip_filter: the file of the IP filter.
        engine_module: the module to run in place of the real engine.
        environment: environment variables that override the variables of the test.
        module: the module to run in place of the real supervisor.
        command: the command to run in place of `python -I -m supervisor`.
        cwd: the supervisor's working directory. The default is the test's working directory.
        stderr: the supervisor's standard error. The default is the log.
    """

    fork_server: ClassVar[ForkServer | None] = None
    """If there is one, it starts the daemons that need no interpreter of their own."""

    def __init__(
        self,
        root: Path,
        *,
        engine: Mapping[str, int | str | bool] | None = None,
        roots: Sequence[Path] = (),
        restart: Mapping[str, float] | None = None,
        limits: Mapping[str, Any] | None = None,
        ip_filter: Path | None = None,
        api: Mapping[str, str] | None = None,
        sandbox: Mapping[str, str] | None = None,
        engine_module: str | None = None,
        environment: Mapping[str, str] | None = None,
        module: str = "supervisor",
        command: Sequence[str] | None = None,
        cwd: Path | None = None,
        stderr: Stderr | None = None,
    ) -> None:
        self._stderr = stderr
        self.root = root
        self._cwd = cwd
        self._environment = {**os.environ, **(environment or {})}
        program = [module] if engine_module is None else ["tools.engines.ouzeld", engine_module]
        self._usual = (module, engine_module, environment, command, cwd, stderr) == ("supervisor", *[None] * 5)
        self._command = command or [sys.executable, "-I", "-m", *program]
        self.downloads = root / "downloads"
        self.resume_dir = root / "resume"
        self.runtime_dir = root / "run"
        self.log = root / "log"
        self.downloads.mkdir(parents=True, exist_ok=True)
        sections: dict[str, Mapping[str, Any]] = {
            "paths": {
                "resume_dir": str(self.resume_dir),
                "runtime_dir": str(self.runtime_dir),
                "state_dir": str(root / "state"),
                "download_roots": [str(self.downloads), *map(str, roots)],
            },
            "engine": {**LOOPBACK, **(engine or {})},
            "restart": restart or {},
            "limits": limits or {},
            "ip_filter": {} if ip_filter is None else {"file": str(ip_filter)},
            "api": api or {},
            "sandbox": sandbox or {"mode": "require" if engine_module is None and sandboxed() else "off"},
        }
        self.config = root / "ouzel.toml"
        self.config.write_text("\n".join(_toml(name, keys) for name, keys in sections.items()))
        self._process: subprocess.Popen[bytes] | ForkedDaemon | None = None
        self._client: ouzel.Client | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def client(self) -> ouzel.Client:
        """A client of the daemon. Each start of the daemon creates a new client."""
        assert self._client is not None
        return self._client

    @property
    def pid(self) -> int:
        """The supervisor's pid."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts the supervisor and waits until it answers."""
        self._process = self._fork() or self._spawn()
        if self._client is not None:
            self._client.close()
        self._client = ouzel.Client(self.runtime_dir)
        until(self._answers, f"the daemon answers; its log is {self.log}")
        if self._stderr is not None:
            self._stderr.started()

    def stop(self) -> int:
        """Sends SIGTERM. Returns the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=60)

    def ended(self) -> int | None:
        """The supervisor's exit code, or minus the signal's number. None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def kill(self) -> None:
        """Sends SIGKILL only to the supervisor."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Ends all processes, including stopped and hanging processes."""
        if self._client is not None:
            self._client.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise

    def engine_pid(self) -> int:
        """The pid of a running engine."""
        return until(lambda: self.client.health().engine.pid, "an engine runs")

    def kill_engine(self) -> int:
        """Sends SIGKILL to the engine. Returns its pid."""
        pid = self.engine_pid()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return pid

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log records of an event, including those of the engine, in order."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == event]

    def healthy(self) -> bool:
        """Whether `health` reports that the service is healthy."""
        return self.client.health().status is HealthStatus.HEALTHY

    def row(self, torrent: str) -> TorrentRow:
        """The torrent's row."""
        [row] = self.client.list_torrents(ids=[torrent])
        return row

    def until_state(self, torrent: str, *states: TorrentState, patience_s: float = 60.0) -> TorrentRow:
        """Waits until the torrent is in one of these states."""
        return until(
            lambda: row if (row := self.row(torrent)).state in states else None,
            f"torrent {torrent} is {' or '.join(states)}; the daemon's log is {self.log}",
            patience_s=patience_s,
        )

    def _fork(self) -> ForkedDaemon | None:
        """The supervisor, forked. None if there is no fork server, or if an interpreter of its own is needed."""
        if self.fork_server is None or not self._usual:
            return None
        with self.log.open("ab") as log:
            return self.fork_server.start(
                ["--config", str(self.config)], output=log.fileno(), error=log.fileno(), environment=self._environment
            )

    def _spawn(self) -> subprocess.Popen[bytes]:
        """The supervisor, in a new interpreter."""
        with self.log.open("ab") as log:
            stderr = self._stderr or Stderr(log.fileno())
            # A new session, so that Ctrl-C does not reach the daemon: the process that started it stops it.
            return subprocess.Popen(
                [*stderr.shell, *self._command, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=stderr.fd,
                start_new_session=True,
                env=self._environment,
                cwd=self._cwd,
            )

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            self.client.hello()
        except (ouzel.NotRunning, ouzel.RequestTimeout):
            return False
        return True


def sandboxed() -> bool:
    """Whether this kernel supports the sandbox mode `require`."""
    try:
        return landlock.abi() >= FILES_SINCE
    except OSError:
        return False


def _toml(section: str, keys: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_toml_value(value)}" for key, value in keys.items()]
    return "\n".join([f"[{section}]", *lines, ""])


def _toml_value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return "[" + ", ".join(_toml_value(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{key} = {_toml_value(item)}" for key, item in value.items()) + "}"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return str(value)
