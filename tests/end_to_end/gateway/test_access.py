"""Access, end to end: a password that is made, sessions, API keys, TLS, restarts and stops of a real gateway."""

import http.client
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import pytest

from tools.rig.daemon import Daemon
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.servers.certificates import PrivateAuthority
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.shared]

LOGIN = "/api/v2/auth/login"
ANY = "/api/v2/not/there"
"""A path that no face has: 404 with a session, and 403 without one."""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """The root of a running daemon, which all tests of this file share."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-"))
    with Daemon(path):
        yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def gateway(root: Path) -> Iterator[GatewayProcess]:
    """A gateway with a known password."""
    with GatewayProcess(root) as running:
        yield running


class Client:
    """One connection to a gateway."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        if gateway.scheme == "https":
            context = ssl.create_default_context(cafile=gateway.config.parent / "ca.pem")
            self._connection = http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=30, context=context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **form: str) -> tuple[int, str, str]:
        """The status, the body and the cookie of a response."""
        body = urlencode(form) if form else None
        sent = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        self._connection.request(method, path, body, {**sent, **(headers or {})})
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers.get("Set-Cookie", "")

    def log_in(self, password: str = PASSWORD) -> dict[str, str]:
        """Logs in, and returns the header with the cookie."""
        status, body, cookie = self.ask("POST", LOGIN, username=USERNAME, password=password)
        assert (status, body) == (200, "Ok.")
        return {"Cookie": cookie.split(";")[0]}


def test_a_session_from_login_to_logout(gateway: GatewayProcess) -> None:
    """Over one connection, as clients do it."""
    with Client(gateway) as client:
        assert client.ask("GET", ANY)[:2] == (403, "Forbidden")
        cookie = client.log_in()
        assert client.ask("GET", ANY, cookie)[0] == 404
        assert client.ask("POST", LOGIN, username=USERNAME, password="no")[1] == "Fails."
        assert client.ask("POST", "/api/v2/auth/logout", cookie)[0] == 200
        assert client.ask("GET", ANY, cookie)[0] == 403


def test_an_api_key_counts_and_ends_while_the_gateway_runs(gateway: GatewayProcess) -> None:
    """The command line changes the store of the running gateway."""
    with Client(gateway) as client:
        bearer = {"Authorization": f"Bearer {key_command(gateway, '--new-api-key', 'radarr')}"}
        until(lambda: client.ask("GET", ANY, bearer)[0] == 404, "the key counts")
        key_command(gateway, "--revoke-api-key", "radarr")
        until(lambda: client.ask("GET", ANY, bearer)[0] == 403, "the key has ended")


def test_after_a_restart_clients_log_in_again(gateway: GatewayProcess) -> None:
    """The stop is quick and clean, and the next gateway can have the same address at once."""
    with Client(gateway) as client:
        cookie = client.log_in()
        began = time.monotonic()
        gateway.close()
        assert time.monotonic() - began < 5
    gateway.start()
    with Client(gateway) as client:
        assert client.ask("GET", ANY, cookie)[0] == 403
        assert client.ask("GET", ANY, client.log_in())[0] == 404


def test_a_password_is_made_and_printed_once(root: Path) -> None:
    """At the first start without one; later starts know it by its hash."""
    (root / "made").mkdir()
    shutil.copy(root / "ouzel.toml", root / "made")
    with GatewayProcess(root / "made", password=None, state_dir=str(root / "made" / "state")) as first:
        found = re.search(r"the password of 'admin' is (\S+)", first.log.read_text())
        assert found is not None
        with Client(first) as client:
            client.log_in(found[1])
        first.close()
        first.start()
        with Client(first) as client:
            client.log_in(found[1])
        assert first.log.read_text().count(found[1]) == 1


def test_tls_by_certificate_files(root: Path) -> None:
    """The cookie is for encrypted connections only, then."""
    (root / "tls").mkdir()
    shutil.copy(root / "ouzel.toml", root / "tls")
    authority = PrivateAuthority(root / "tls")
    keys = {"tls_certificate": str(authority.certificate), "tls_key": str(authority.key)}
    with (
        GatewayProcess(root / "tls", **keys, state_dir=str(root / "tls" / "state")) as encrypted,
        Client(encrypted) as client,
    ):
        assert client.ask("POST", LOGIN, username=USERNAME, password=PASSWORD)[2].endswith("; Secure")


def key_command(gateway: GatewayProcess, *arguments: str) -> str:
    """Runs a command on API keys, and returns what it prints."""
    argv = [sys.executable, "-I", "-m", "gateway", "--config", str(gateway.config), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
