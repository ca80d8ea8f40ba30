"""A real `ouzel-gateway` beside a daemon of the rig."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from tools.rig.waiting import until

USERNAME: Final = "admin"
PASSWORD: Final = "adminadmin"


class GatewayProcess:
    """A gateway on a free port of loopback. The log is in `root / gateway.log`.

    Args:
        root: the root of the daemon. The gateway reads the daemon's configuration.
        keys: keys of `[gateway]`. Keys with the value None are left out.

    Fields:
        url: the address, `http://127.0.0.1:PORT`.
    """

    def __init__(self, root: Path, **keys: Any) -> None:
        self.port = keys.pop("port", None) or free_port()
        self.scheme = "https" if "tls_key" in keys else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.log = root / "gateway.log"
        self.config = root / "gateway.toml"
        section = {"listen": f"127.0.0.1:{self.port}", "username": USERNAME, "password": PASSWORD, **keys}
        self.config.write_text(f"{(root / 'ouzel.toml').read_text()}\n{_toml('gateway', section)}\n")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The gateway's pid."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts the gateway and waits until it accepts connections."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "gateway", "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ},
            )
        try:
            until(self._accepts, f"the gateway accepts connections; its log is {self.log}")
        except BaseException:
            self.close()
            raise

    def kill(self) -> None:
        """Sends SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Ends the process, whatever its state."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise

    def _accepts(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _toml(section: str, keys: Mapping[str, Any]) -> str:
    lines = (f"{key} = {msgspec.json.encode(value).decode()}" for key, value in keys.items() if value is not None)
    return "\n".join([f"[{section}]", *lines])
