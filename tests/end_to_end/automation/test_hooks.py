"""Hooks, with a real daemon and a real download: a program, and an HTTP server that fails at first."""

import hashlib
import hmac
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


class Receiver(HTTPServer):
    """An HTTP server that fails once, and keeps what it receives."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Keeps a request; refuses the first."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(503 if len(self.server.received) == 1 else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Writes nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running server."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


CODE = "import os, sys; open(sys.argv[1], 'a').write('|'.join([*sys.argv[2:], os.environ['OUZEL_HOOK_NAME']]) + '\\n')"


def test_a_completed_download_runs_a_program_and_posts(
    root: Path, daemon: Daemon, seed: Seed, receiver: Receiver
) -> None:
    """The hooks are added while the daemon runs; one that fails is told, and affects nothing."""
    written, secret = root / "written", root / "secret"
    secret.write_text("s3cret")
    command = [sys.executable, "-I", "-c", CODE, str(written), "{event}", "{path}", "{file}", "{labels}"]
    hooks = f"""
        [[hooks.run]]
        events = ["completed", "file_completed"]
        command = {json.dumps(command)}
        [[hooks.run]]
        events = ["completed"]
        command = ["/bin/sh", "-c", "echo it is broken; exit 3"]
        [[hooks.post]]
        events = ["completed"]
        url = "http://127.0.0.1:{receiver.server_port}/hook"
        secret_file = "{secret}"
        """
    daemon.config.write_text(daemon.config.read_text() + hooks)
    until(lambda: daemon.logged("reloaded"), "the hooks are in force")

    name = "-rf $(touch x) 'ö"
    made = payload.make(root / "seed", name, {"a.bin": MIB, "sub/b.bin": MIB // 2})
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint], labels=["l1", "l2"])
    path = f"{daemon.downloads}/{name}"

    until(lambda: len(_lines(written)) == 3, "the program has run for all three events")
    assert sorted(_lines(written)) == sorted(
        [
            f"completed|{path}||l1,l2|{name}",
            f"file_completed|{path}|{name}/a.bin|l1,l2|{name}",
            f"file_completed|{path}|{name}/sub/b.bin|l1,l2|{name}",
        ]
    )

    until(lambda: len(receiver.received) == 2, "posted, and again after the refusal")
    (first, body), (second, again) = receiver.received
    assert body == again
    assert first["X-Ouzel-Delivery"] == second["X-Ouzel-Delivery"]
    assert second["X-Ouzel-Signature"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["event"], told["torrent"], told["path"]) == ("completed", made.torrent, path)
    assert told["data"] == {"bytes_done": made.size}

    [failed] = until(lambda: daemon.logged("hook_failed"), "the failed hook is in the log")
    assert (failed["hook"], failed["problem"], failed["output"]) == ("/bin/sh", "it exited with 3", "it is broken")
    until(lambda: [each.subject for each in _reasons(daemon)] == ["/bin/sh"], "and in health, alone")
    assert daemon.healthy()

    daemon.config.write_text(daemon.config.read_text().replace(hooks, "[hooks]\n"))
    until(lambda: not _reasons(daemon), "the hooks are gone")


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _reasons(daemon: Daemon) -> list[Any]:
    return [each for each in daemon.client.health().reasons if each.component == "hooks"]
