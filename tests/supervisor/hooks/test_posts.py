import hashlib
import hmac
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from supervisor.config.hooks_config import PostHook
from supervisor.hooks.hook_queues import About, Delivery
from supervisor.hooks.posts import Verdict, body_of, post

pytestmark = pytest.mark.network

DELIVERY = Delivery("completed", "a" * 40, 7, About("ö", "/d", ["l"]), {"bytes_done": 1})


class Server(HTTPServer):
    """Answers each POST with a status, and keeps the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.requests: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """A URL of the server."""
        return f"http://127.0.0.1:{self.server_port}/hook?key=1"


class Handler(BaseHTTPRequestHandler):
    """Keeps a request."""

    server: Server

    def do_POST(self) -> None:
        """Answers."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Writes nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server."""
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def hook(server: Server, **more: Any) -> PostHook:
    """A hook that posts to the server."""
    return PostHook(events=["completed"], url=server.url, **more)


def test_the_body_is_signed(server: Server, tmp_path: Path) -> None:
    """The receiver computes the same signature of the bytes that it received."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    posted = post(hook(server, secret_file=str(secret)), body_of(DELIVERY), event="completed", number="n-1")
    assert posted.verdict is Verdict.DELIVERED
    [(headers, body)] = server.requests
    assert headers["X-Ouzel-Signature"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert (headers["X-Ouzel-Event"], headers["X-Ouzel-Delivery"]) == ("completed", "n-1")
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "event": "completed",
        "torrent": "a" * 40,
        "ts_us": 7,
        "name": "ö",
        "save_path": "/d",
        "path": "/d/ö",
        "labels": ["l"],
        "file": "",
        "data": {"bytes_done": 1},
    }


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (204, Verdict.DELIVERED),
        (302, Verdict.AGAIN),
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (408, Verdict.AGAIN),
        (429, Verdict.AGAIN),
        (500, Verdict.AGAIN),
        (503, Verdict.AGAIN),
    ],
)
def test_a_status_decides_whether_it_is_tried_again(server: Server, status: int, verdict: Verdict) -> None:
    """Redirects are not followed."""
    server.status = status
    posted = post(hook(server), b"{}", event="completed", number="1")
    assert posted.verdict is verdict
    assert (str(status) in posted.problem) is (verdict is not Verdict.DELIVERED)
    assert len(server.requests) == 1
    assert "X-Ouzel-Signature" not in server.requests[0][0]


def test_without_its_secret_nothing_is_sent(server: Server, tmp_path: Path) -> None:
    """Missing or empty; it may come."""
    secret = tmp_path / "secret"
    for _ in range(2):
        posted = post(hook(server, secret_file=str(secret)), b"{}", event="completed", number="1")
        assert posted.verdict is Verdict.AGAIN
        assert str(secret) in posted.problem
        secret.touch()
    assert not server.requests


def test_a_secret_that_is_a_pipe_is_not_waited_for(server: Server, tmp_path: Path) -> None:
    """Whether it has a writer or not."""
    secret = tmp_path / "secret"
    os.mkfifo(secret)

    def refused() -> None:
        posted = post(hook(server, secret_file=str(secret)), b"{}", event="completed", number="1")
        assert posted == (Verdict.AGAIN, f"{secret} cannot be read: it is not a regular file")

    refused()
    with secret.open("r+b", buffering=0):
        refused()
    assert not server.requests


def test_nobody_listens(server: Server) -> None:
    """That may be over later."""
    url = server.url
    server.server_close()
    posted = post(PostHook(events=["completed"], url=url, time_limit_s=1), b"{}", event="completed", number="1")
    assert posted.verdict is Verdict.AGAIN
    assert posted.problem
