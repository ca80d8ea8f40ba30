"""qBittorrent and Transmission, controlled by their APIs. They have a profile in `home`, and download to `payload`."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from tools.interop.imports.plans import FILMS, MUSIC, Plan
from tools.interop.network import Peer
from tools.interop.processes import running
from tools.interop.programs import PORT
from tools.rig.waiting import until

_API_S: Final = 30.0
_MANY: Final = 1000

_SINGLE, _UNLIMITED = 1, 2
"""Transmission's modes of a goal: the torrent's own goal, and no goal."""


class Told(NamedTuple):
    """A program's figures of a torrent: how many selected bytes it has, and how many are left."""

    done: int
    left: int


class Origin(Protocol):
    """A program within the context of `running`."""

    name: str
    package: str
    command: str
    """The command below `ouzel import` that reads this program's profile."""

    imported: Path
    """The directory that `ouzel import` gets."""

    @contextmanager
    def running(self, peer: Peer) -> Iterator[None]:
        """A context within which the program runs in a namespace.

        At the end of the context, the program has ended by itself.
        """
        ...

    def add(self, plan: Plan) -> None:
        """Adds a torrent with all its options, but not paused."""
        ...

    def connect(self, plans: Sequence[Plan], seed: str) -> None:
        """Connects the torrents to a peer, if they do not find it by the tracker."""
        ...

    def pause(self, torrents: Sequence[str]) -> None:
        """Pauses torrents."""
        ...

    def told(self) -> dict[str, Told]:
        """The program's figures of each torrent."""
        ...


class Qbittorrent:
    """qBittorrent without a display.

    Args:
        database: whether qBittorrent keeps its torrents in `torrents.db`. Otherwise they are in files.
    """

    package = "qbittorrent-nox"
    command = "qbittorrent"

    def __init__(self, home: Path, payload: Path, *, database: bool) -> None:
        self.name = "qBittorrent, database" if database else "qBittorrent, files"
        self._home, self._payload, self._url = home, payload, ""
        self.imported = home / "qBittorrent/data"
        config = home / "qBittorrent/config/qBittorrent.conf"
        config.parent.mkdir(parents=True)
        session = {
            "DHTEnabled": "false",
            "DefaultSavePath": str(payload),
            "LSDEnabled": "false",
            "MaxConnections": str(_MANY),
            "PeXEnabled": "false",
            "Port": str(PORT),
            "QueueingSystemEnabled": "false",
            "ResumeDataStorageType": "SQLite" if database else "Legacy",
        }
        web = {
            "AuthSubnetWhitelist": "10.0.0.0/8",
            "AuthSubnetWhitelistEnabled": "true",
            "CSRFProtection": "false",
            "Enabled": "true",
            "HostHeaderValidation": "false",
        }
        config.write_text(
            "[BitTorrent]\n"
            + "".join(f"Session\\{name}={value}\n" for name, value in session.items())
            + "[LegalNotice]\nAccepted=true\n[Network]\nPortForwardingEnabled=false\n[Preferences]\n"
            + "".join(f"WebUI\\{name}={value}\n" for name, value in web.items())
        )

    @contextmanager
    def running(self, peer: Peer) -> Iterator[None]:
        """A context within which the program runs in a namespace."""
        self._url = f"http://{peer.address}:8080/api/v2/"
        with running([*peer.inside, "qbittorrent-nox", f"--profile={self._home}"], self._home):
            until(self._answers, f"qBittorrent answers; see {self._home / 'log'}")
            self._post("torrents/createCategory", category=FILMS, savePath=str(self._payload / FILMS))
            self._post("torrents/createCategory", category=MUSIC, savePath="")
            yield

    def add(self, plan: Plan) -> None:
        """Adds a torrent, and then sets the options that cannot be set before."""
        fields = {
            "autoTMM": plan.automatic,
            "category": plan.category,
            "tags": ",".join(plan.labels),
            "dlLimit": plan.download_bps or "",
            "upLimit": plan.upload_bps or "",
            "ratioLimit": "" if plan.ratio is None else plan.ratio,
            "seedingTimeLimit": "" if plan.seeding_minutes is None else plan.seeding_minutes,
            "sequentialDownload": plan.sequential,
            "firstLastPiecePrio": plan.first_last,
        }
        given = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in fields.items()}
        if not plan.automatic:
            given["savepath"] = str(self._payload)
        self._upload("torrents/add", {name: value for name, value in given.items() if value}, plan.made.metainfo)
        until(lambda: plan.torrent in self._rows(), f"qBittorrent has added {plan.made.name}")
        for index, priority in plan.priorities.items():
            theirs = {0: 0, 4: 1, 7: 7}[priority]
            self._post("torrents/filePrio", hash=plan.torrent, id=str(index), priority=str(theirs))
        if plan.forced:
            self._post("torrents/setForceStart", hashes=plan.torrent, value="true")

    def connect(self, plans: Sequence[Plan], seed: str) -> None:
        """Connects the torrents to a peer."""
        self._post("torrents/addPeers", hashes="|".join(plan.torrent for plan in plans), peers=seed)

    def pause(self, torrents: Sequence[str]) -> None:
        """Pauses torrents."""
        self._post("torrents/pause", hashes="|".join(torrents))

    def told(self) -> dict[str, Told]:
        """The program's figures of each torrent. The program checks a torrent once in 1.5 s."""
        return {torrent: Told(row["completed"], row["amount_left"]) for torrent, row in self._rows().items()}

    def _rows(self) -> dict[str, Any]:
        return {row["hash"]: row for row in json.loads(self._request("torrents/info"))}

    def _answers(self) -> bool:
        try:
            return bool(self._request("app/version"))
        except OSError:
            return False

    def _post(self, name: str, **fields: str) -> None:
        self._request(name, urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def _upload(self, name: str, fields: dict[str, str], metainfo: bytes) -> None:
        border = uuid.uuid4().hex
        parts = [f'Content-Disposition: form-data; name="{field}"\r\n\r\n{value}' for field, value in fields.items()]
        disposition = 'Content-Disposition: form-data; name="torrents"; filename="a.torrent"'
        body = "".join(f"--{border}\r\n{part}\r\n" for part in parts).encode()
        body += f"--{border}\r\n{disposition}\r\nContent-Type: application/x-bittorrent\r\n\r\n".encode()
        body += metainfo + f"\r\n--{border}--\r\n".encode()
        answer = self._request(name, body, f"multipart/form-data; boundary={border}")
        assert answer == b"Ok.", f"qBittorrent says {answer!r}"

    def _request(self, name: str, body: bytes | None = None, kind: str = "") -> bytes:
        headers = {"Content-Type": kind} if kind else {}
        with urllib.request.urlopen(urllib.request.Request(self._url + name, body, headers), timeout=_API_S) as answer:
            content: bytes = answer.read()
            return content


class Transmission:
    """Transmission's daemon."""

    package = "transmission-daemon"
    command = "transmission"

    def __init__(self, home: Path, payload: Path) -> None:
        self.name = "Transmission"
        self._home, self._url, self._session = home, "", ""
        self.imported = home / "config"
        self.imported.mkdir()
        settings = {
            "dht-enabled": False,
            "download-dir": str(payload),
            "download-queue-enabled": False,
            "lpd-enabled": False,
            "peer-limit-global": _MANY,
            "peer-port": PORT,
            "pex-enabled": False,
            "port-forwarding-enabled": False,
            "queue-stalled-enabled": False,
            "rpc-authentication-required": False,
            "rpc-host-whitelist-enabled": False,
            "rpc-whitelist-enabled": False,
            "utp-enabled": False,
        }
        (self.imported / "settings.json").write_text(json.dumps(settings))

    @contextmanager
    def running(self, peer: Peer) -> Iterator[None]:
        """A context within which the program runs in a namespace."""
        self._url = f"http://{peer.address}:9091/transmission/rpc"
        argv = ["transmission-daemon", "--foreground", "--log-error", "-g", str(self.imported)]
        with running([*peer.inside, *argv], self._home):
            until(self._answers, f"Transmission answers; see {self._home / 'log'}")
            yield

    def add(self, plan: Plan) -> None:
        """Adds a stopped torrent, sets the options that cannot be set before, and starts it."""
        wanted: dict[str, Any] = {
            "files-unwanted": [index for index, priority in plan.priorities.items() if priority == 0],
            "priority-high": [index for index, priority in plan.priorities.items() if priority == 7],
        }
        metainfo = base64.b64encode(plan.made.metainfo).decode()
        given = {name: indices for name, indices in wanted.items() if indices}  # an empty list means all files
        self._ask("torrent-add", metainfo=metainfo, paused=True, **given)
        changes: dict[str, Any] = {"labels": list(plan.labels)} if plan.labels else {}
        if plan.download_bps:
            changes |= {"downloadLimit": plan.download_bps // 1000, "downloadLimited": True}
        if plan.upload_bps:
            changes |= {"uploadLimit": plan.upload_bps // 1000, "uploadLimited": True}
        if plan.ratio is not None:
            changes |= {"seedRatioMode": _UNLIMITED} if plan.ratio < 0 else {"seedRatioMode": _SINGLE}
            changes |= {"seedRatioLimit": plan.ratio} if plan.ratio >= 0 else {}
        if plan.idle_minutes is not None:
            changes |= {"seedIdleMode": _SINGLE, "seedIdleLimit": plan.idle_minutes}
        if changes:
            self._ask("torrent-set", ids=[plan.torrent], **changes)

    def connect(self, plans: Sequence[Plan], seed: str) -> None:
        """Starts the torrents. They find the seed by the tracker, because Transmission accepts no peer addresses."""
        self._ask("torrent-start", ids=[plan.torrent for plan in plans])

    def pause(self, torrents: Sequence[str]) -> None:
        """Pauses torrents."""
        self._ask("torrent-stop", ids=list(torrents))

    def told(self) -> dict[str, Told]:
        """The program's figures of each torrent. Bytes of files that are not selected count, too."""
        fields = ["hashString", "haveValid", "haveUnchecked", "leftUntilDone"]
        rows = self._ask("torrent-get", fields=fields)["torrents"]
        return {row["hashString"]: Told(row["haveValid"] + row["haveUnchecked"], row["leftUntilDone"]) for row in rows}

    def _answers(self) -> bool:
        try:
            self._ask("session-get")
        except OSError:
            return False
        return True

    def _ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        try:
            answer = self._send(body)
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
            self._session = error.headers["X-Transmission-Session-Id"]
            answer = self._send(body)
        assert answer["result"] == "success", f"{method}: {answer['result']}"
        found: dict[str, Any] = answer["arguments"]
        return found

    def _send(self, body: bytes) -> dict[str, Any]:
        headers = {"X-Transmission-Session-Id": self._session}
        with urllib.request.urlopen(urllib.request.Request(self._url, body, headers), timeout=_API_S) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
