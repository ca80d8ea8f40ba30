"""A session of the Web API, by plain requests."""

import http.client
import json
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tools.rig.gateway import PASSWORD, USERNAME

_FORM: Final = "application/x-www-form-urlencoded"


class Web:
    """One program's requests to the Web API.

    Args:
        port: the gateway's port.
        agent: the User-Agent.
    """

    def __init__(self, port: int, agent: str) -> None:
        self._port = port
        self._headers = {"User-Agent": agent}

    def login(self) -> str:
        """Logs in and keeps the cookie. Returns the body."""
        status, body, cookie = self._ask(
            "POST", "auth/login", _urlencoded({"username": USERNAME, "password": PASSWORD}), _FORM
        )
        assert status == 200, body
        assert cookie.startswith("SID="), cookie
        self._headers["Cookie"] = cookie.partition(";")[0]
        return body

    def status(self, path: str, **query: Any) -> int:
        """Sends a GET. Returns the status."""
        return self._ask("GET", _with_query(path, query))[0]

    def text(self, path: str, **query: Any) -> str:
        """Sends a GET. Returns the text."""
        status, body, _ = self._ask("GET", _with_query(path, query))
        assert status == 200, f"{path}: {status} {body}"
        return body

    def get(self, path: str, **query: Any) -> Any:
        """Sends a GET. Returns the decoded JSON."""
        return json.loads(self.text(path, **query))

    def read(self, path: str, **form: Any) -> Any:
        """Sends a POST. Returns the decoded JSON."""
        return json.loads(self.post(path, **form))

    def post(self, path: str, **form: Any) -> str:
        """Sends a form. Returns the text."""
        status, body = self.try_post(path, **form)
        assert status == 200, f"{path}: {status} {body}"
        return body

    def try_post(self, path: str, **form: Any) -> tuple[int, str]:
        """Sends a form. Returns the status and the text."""
        return self._ask("POST", path, _urlencoded(form), _FORM)[:2]

    def upload(self, path: str, file: Path | None, **form: Any) -> str:
        """Sends a form as multipart, with a .torrent file if there is one. Returns the text."""
        parts = [(f'name="{name}"', str(value).encode()) for name, value in form.items()]
        if file is not None:
            kind = "Content-Type: application/x-bittorrent"
            parts.append((f'name="torrents"; filename="{file.name}"\r\n{kind}', file.read_bytes()))
        status, body, _ = self._ask("POST", path, _multipart(parts), "multipart/form-data; boundary=edge")
        assert status == 200, f"{path}: {status} {body}"
        return body

    def info(self, **query: Any) -> list[dict[str, Any]]:
        """The rows of `torrents/info`."""
        rows: list[dict[str, Any]] = self.get("torrents/info", **query)
        return rows

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {**self._headers, **({"Content-Type": kind} if kind else {})}
        connection.request(method, f"/api/v2/{path}", body, headers)
        response = connection.getresponse()
        said = response.read().decode(errors="replace")
        connection.close()
        return response.status, said, response.headers.get("Set-Cookie", "")


def _urlencoded(form: dict[str, Any]) -> bytes:
    return urllib.parse.urlencode(form).encode()


def _with_query(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urllib.parse.urlencode(query)}" if query else path


def _multipart(parts: Sequence[tuple[str, bytes]]) -> bytes:
    body = b"".join(
        b"--edge\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (head.encode(), content)
        for head, content in parts
    )
    return body + b"--edge--\r\n"
