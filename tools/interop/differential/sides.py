"""The servers, and how requests get to them."""

import base64
import http.client
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from tools.interop.differential.call import Answer, Call, answer
from tools.interop.differential.world import World
from tools.interop.processes import running
from tools.rig.daemon import Daemon
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess, free_port
from tools.rig.waiting import until

TIMEOUT_S: Final = 60
DOWNLOADS: Final = "{downloads}"
SESSION_ID: Final = "X-Transmission-Session-Id"
RPC: Final = "/transmission/rpc"
TRANSPORT: Final = "transport"
"""The name of calls below the RPC. Their fields are `verb`, `path`, `body`, and the headers to send instead."""
DISK: Final = "disk"
"""The name of calls that go to no server. They delete the file `removed` of the download directory."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Side(Protocol):
    """A server that answers calls."""

    def send(self, call: Call) -> Answer:
        """Sends a call, and returns the answer."""


@dataclass
class Place:
    """Where a server is, and what it knows.

    Fields:
        port: its port on loopback.
        downloads: its download directory.
        world: the torrents.
        best: whether the server knows torrents by their best hash.
    """

    port: int
    downloads: Path
    world: World
    best: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def filled(self, value: Any) -> Any:
        """Returns a value with the placeholders of its texts filled in."""
        if isinstance(value, Mapping):
            return {name: self.filled(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(each) for each in value]
        if not isinstance(value, str):
            return value
        hashes = {label: given.best if self.best else given.hash for label, given in self.world.torrents.items()}
        known = {"downloads": str(self.downloads), **hashes}
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), value)

    def remove(self, name: str) -> Answer:
        """Deletes a file of the download directory."""
        (self.downloads / name).unlink()
        return Answer(0, "", None)

    def request(self, verb: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        """Sends a request. Returns the response, and its body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.request(verb, path, body or None, {**self.headers, **(headers or {})})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def answer(self, verb: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Sends a request, and returns the answer without what depends on the place."""
        response, content = self.request(verb, path, body, headers)
        replaced = {
            str(self.downloads): DOWNLOADS,
            quote(str(self.downloads), safe=""): DOWNLOADS,
            f"127.0.0.1:{self.port}": "{server}",
            **{f'"{each.best}"': f'"{each.hash}"' for each in self.world.torrents.values() if self.best},
        }
        return answer(response.status, response.getheader("Content-Type") or "", content, replaced)


@dataclass
class QBittorrentSide:
    """A server of qBittorrent's Web API."""

    place: Place

    def log_in(self) -> None:
        """Makes a session."""
        form = urlencode({"username": USERNAME, "password": PASSWORD}).encode()
        response, body = self.place.request("POST", "/api/v2/auth/login", form, _FORM)
        assert body == b"Ok.", body
        self.place.headers["Cookie"] = response.getheader("Set-Cookie").partition(";")[0]

    def send(self, call: Call) -> Answer:
        """Sends a call."""
        if call.name == DISK:
            return self.place.remove(call.fields["removed"])
        path = f"/api/v2/{call.name}"
        fields = {name: str(value) for name, value in self.place.filled(call.fields).items()}
        if call.verb == "GET":
            return self.place.answer("GET", f"{path}?{urlencode(fields)}" if fields else path)
        if call.files:
            boundary = uuid.uuid4().hex
            kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            return self.place.answer(call.verb, path, self._multipart(boundary, fields, call.files), kind)
        return self.place.answer(call.verb, path, urlencode(fields).encode(), _FORM)

    def _multipart(self, boundary: str, fields: Mapping[str, str], files: tuple[str, ...]) -> bytes:
        parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
        for label in files:
            given = self.place.world.torrents.get(label)
            content = b"this is no torrent" if given is None else given.metainfo
            head = f'name="torrents"; filename="{label}.torrent"\r\nContent-Type: application/x-bittorrent\r\n\r\n'
            parts.append(head.encode() + content)
        lines = [f"--{boundary}\r\nContent-Disposition: form-data; ".encode() + part + b"\r\n" for part in parts]
        return b"".join([*lines, f"--{boundary}--\r\n".encode()])


@dataclass
class TransmissionSide:
    """A server of Transmission's RPC. A field named `metainfo` is the label of a torrent."""

    place: Place

    def log_in(self) -> None:
        """Gets a session id."""
        token = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        self.place.headers["Authorization"] = f"Basic {token}"
        response, _ = self.place.request("POST", RPC, b"{}")
        self.place.headers[SESSION_ID] = response.getheader(SESSION_ID)

    def send(self, call: Call) -> Answer:
        """Sends a call."""
        if call.name == DISK:
            return self.place.remove(call.fields["removed"])
        if call.name == TRANSPORT:
            return self._send_raw(**call.fields)
        fields = self.place.filled(call.fields)
        if (label := fields.get("metainfo")) in self.place.world.torrents:
            fields["metainfo"] = base64.b64encode(self.place.world.torrents[label].metainfo).decode()
        document: dict[str, Any] = {"method": call.name, "arguments": fields, "tag": 2**53 - 1}
        return self.place.answer("POST", RPC, json.dumps(document).encode())

    def _send_raw(
        self,
        verb: str = "POST",
        path: str = RPC,
        body: str = "",
        session: str | None = None,
        authorization: str | None = None,
    ) -> Answer:
        given = {SESSION_ID: session, "Authorization": authorization}
        replaced = {name: value for name, value in given.items() if value is not None}
        return self.place.answer(verb, path, body.encode(), replaced)


@contextmanager
def gateway(root: Path, world: World) -> Iterator[tuple[QBittorrentSide, TransmissionSide]]:
    """A context within which a gateway and its daemon run."""
    root.mkdir()
    with Daemon(root) as daemon:
        world.put(daemon.downloads)
        with GatewayProcess(root, max_failed_logins=0) as process:
            yield (
                QBittorrentSide(Place(process.port, daemon.downloads, world)),
                TransmissionSide(Place(process.port, daemon.downloads, world)),
            )


@contextmanager
def qbittorrent(root: Path, world: World) -> Iterator[QBittorrentSide]:
    """A context within which qbittorrent-nox runs. Its default password is the gateway's here."""
    port, downloads = free_port(), root / "downloads"
    world.put(downloads)
    config = root / "qBittorrent/config/qBittorrent.conf"
    config.parent.mkdir(parents=True)
    config.write_text(
        "[BitTorrent]\nSession\\DHTEnabled=false\nSession\\LSDEnabled=false\n"
        f"Session\\DefaultSavePath={downloads}\nSession\\QueueingSystemEnabled=false\n"
        f"[LegalNotice]\nAccepted=true\n[Preferences]\nWebUI\\Port={port}\nWebUI\\Address=127.0.0.1\n"
    )
    place = Place(port, downloads, world, best=True)
    with running(["qbittorrent-nox", f"--profile={root}"], root):
        until(lambda: _answers(place, "/api/v2/app/version"), "qbittorrent-nox answers")
        yield QBittorrentSide(place)


@contextmanager
def transmission(root: Path, world: World) -> Iterator[TransmissionSide]:
    """A context within which transmission-daemon runs."""
    port, downloads = free_port(), root / "downloads"
    world.put(downloads)
    settings = {
        "bind-address-ipv4": "127.0.0.1",
        "dht-enabled": False,
        "download-dir": str(downloads),
        "download-queue-enabled": False,
        "incomplete-dir": str(downloads),
        "lpd-enabled": False,
        "peer-port": free_port(),
        "port-forwarding-enabled": False,
        "rpc-authentication-required": True,
        "rpc-bind-address": "127.0.0.1",
        "rpc-host-whitelist-enabled": False,
        "rpc-password": PASSWORD,
        "rpc-port": port,
        "rpc-username": USERNAME,
        "rpc-whitelist-enabled": False,
        "utp-enabled": False,
    }
    (root / "settings.json").write_text(json.dumps(settings))
    place = Place(port, downloads, world)
    argv = ["transmission-daemon", "--foreground", "--config-dir", str(root)]
    with running(argv, root):
        until(lambda: _answers(place, RPC), "transmission-daemon answers")
        yield TransmissionSide(place)


def _answers(place: Place, path: str) -> bool:
    try:
        place.request("GET", path)
    except OSError:
        return False
    return True
