"""Clients of the two HTTP interfaces, over one connection each."""

import base64
import http.client
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tools.rig.gateway import PASSWORD, USERNAME

SESSION: Final = "X-Transmission-Session-Id"
BOUNDARY: Final = "a-boundary-that-no-torrent-has"
TIMEOUT_S: Final = 60.0


class Answer(NamedTuple):
    """The answer to a request.

    Fields:
        retry_after: the header Retry-After; None if it is absent.
    """

    status: int
    body: bytes
    retry_after: str | None


class HttpClient:
    """A connection to an HTTP server. After an error, the connection is opened again.

    Args:
        port: the server's port.
        host: the server's address.
        timeout_s: the time limit of each read from the socket.
    """

    def __init__(self, port: int, *, host: str = "127.0.0.1", timeout_s: float = TIMEOUT_S) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        self.headers: dict[str, str] = {}

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Sends a request. Raises OSError or HTTPException if there is no answer."""
        try:
            return self._send(method, path, body, headers)
        except http.client.RemoteDisconnected:
            if method != "GET":
                raise
            return self._send(method, path, body, headers)  # the server had closed the idle connection

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            self._connection.request(method, path, body, {**self.headers, **headers})
            response = self._connection.getresponse()
            answer = Answer(response.status, response.read(), response.headers.get("Retry-After"))
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        if cookie := response.headers.get("Set-Cookie"):
            self.headers["Cookie"] = cookie.split(";")[0]
        if session := response.headers.get(SESSION):
            self.headers[SESSION] = session
        return answer


class QbittorrentClient(HttpClient):
    """A client of the qBittorrent Web API."""

    def get(self, path: str, **fields: str | int) -> Answer:
        """Reads an endpoint below `/api/v2/`."""
        return self.send("GET", f"/api/v2/{path}?{urllib.parse.urlencode(fields)}")

    def post(self, path: str, **fields: str | int) -> Answer:
        """Posts a form to an endpoint below `/api/v2/`."""
        form = urllib.parse.urlencode(fields).encode()
        return self.send("POST", f"/api/v2/{path}", form, **{"Content-Type": "application/x-www-form-urlencoded"})

    def login(self, username: str = USERNAME, password: str = PASSWORD) -> None:
        """Logs in."""
        answer = self.post("auth/login", username=username, password=password)
        assert answer.body == b"Ok.", answer

    def add(self, *metainfos: bytes, **fields: str) -> Answer:
        """Adds torrents by their .torrent files."""
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        for number, metainfo in enumerate(metainfos):
            head = (
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="torrents"; filename="{number}.torrent"\r\n'
                "Content-Type: application/x-bittorrent\r\n\r\n"
            )
            parts.append(head.encode() + metainfo + b"\r\n")
        body = b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
        content_type = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self.send("POST", "/api/v2/torrents/add", body, **content_type)


class TransmissionClient(HttpClient):
    """A client of Transmission's RPC."""

    def __init__(
        self, port: int, username: str = USERNAME, password: str = PASSWORD, *, host: str = "127.0.0.1"
    ) -> None:
        super().__init__(port, host=host)
        key = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.headers["Authorization"] = f"Basic {key}"

    def call(self, method: str, **arguments: Any) -> Answer:
        """Runs a method. If the server does not know the session id, gets another session id first."""
        given = {name.replace("_", "-"): value for name, value in arguments.items()}
        body = json.dumps({"method": method, "arguments": given}).encode()
        answer = self.send("POST", "/transmission/rpc", body)
        return self.send("POST", "/transmission/rpc", body) if answer.status == 409 else answer

    def add(self, metainfo: bytes, **arguments: Any) -> Answer:
        """Adds a torrent by its .torrent file."""
        return self.call("torrent-add", metainfo=base64.b64encode(metainfo).decode(), **arguments)
