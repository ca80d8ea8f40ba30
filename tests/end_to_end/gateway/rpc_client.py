"""A client of Transmission's RPC."""

import base64
import json
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

from tools.rig.gateway import PASSWORD, USERNAME

SESSION = "X-Transmission-Session-Id"


class RpcClient:
    """Sends requests to a gateway.

    Fields:
        headers: further headers of each request.
    """

    def __init__(self, url: str) -> None:
        self.url = f"{url}/transmission/rpc"
        self._session = ""
        self.headers: dict[str, str] = {}

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Runs a method that succeeds. Underscores in the names of arguments are dashes. Returns the arguments."""
        given = {name.replace("_", "-"): value for name, value in arguments.items()}
        reply = self.post({"method": method, "arguments": given, "tag": 2**62 + 1})
        assert reply["tag"] == 2**62 + 1
        assert reply["result"] == "success", reply
        found: dict[str, Any] = reply["arguments"]
        return found

    def refusal(self, method: str, **arguments: Any) -> str:
        """Runs a method that fails. Returns the text."""
        given = {name.replace("_", "-"): value for name, value in arguments.items()}
        found: str = self.post({"method": method, "arguments": given})["result"]
        return found

    def torrent(self, torrent: int | str, *fields: str) -> dict[str, Any]:
        """The fields of a torrent."""
        [found] = self.call("torrent-get", ids=[torrent], fields=list(fields))["torrents"]
        row: dict[str, Any] = found
        return row

    def probe(self) -> bool:
        """Whether the gateway answers methods."""
        body = b'{"method": "session-get"}'
        self.send(body)
        return self.send(body)[0] == 200

    def get(self, path: str) -> tuple[int, bytes]:
        """Reads a path of the gateway. Returns the status and the content."""
        try:
            with urllib.request.urlopen(self._reading(path)) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def policy(self, path: str) -> str:
        """The content security policy at a path of the gateway."""
        with urllib.request.urlopen(self._reading(path)) as reply:
            found: str = reply.headers["Content-Security-Policy"]
            return found

    def _reading(self, path: str) -> urllib.request.Request:
        key = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        url = self.url.removesuffix("/transmission/rpc") + path
        return urllib.request.Request(url, headers={"Authorization": f"Basic {key}"})

    def post(self, body: Any) -> Any:
        """Sends a request with the session id. Returns the answer; None for an answer without content."""
        status, _, content = self.send(json.dumps(body).encode())
        if status == 409:
            status, _, content = self.send(json.dumps(body).encode())
        assert status in (200, 204), (status, content)
        return json.loads(content) if content else None

    def send(self, body: bytes | None, content_type: str = "application/json") -> tuple[int, dict[str, str], bytes]:
        """Sends a request. Returns the status, the headers in lower case, and the content. Remembers the session id."""
        key = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        headers = {
            SESSION: self._session,
            "Authorization": f"Basic {key}",
            "Content-Type": content_type,
            **self.headers,
        }
        request = urllib.request.Request(self.url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, _lower(response.headers), response.read()
        except urllib.error.HTTPError as error:
            with error:
                self._session = error.headers.get(SESSION, self._session)
                return error.code, _lower(error.headers), error.read()


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
