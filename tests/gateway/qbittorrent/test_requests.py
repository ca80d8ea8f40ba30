"""Requests to the API, without a daemon."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Scope

from gateway.config.gateway_config import Config
from gateway.context import Gateway
from gateway.daemon.daemon import Unavailable
from gateway.mirror.torrent import Facts
from gateway.qbittorrent import routes
from gateway.store.store import Store
from gateway.web.application import application
from ouzel.errors import Refused
from protocol.wire.reports import ProcessReport, SessionReport, StatsReport
from protocol.wire.rows import FileRow
from tests.gateway.qbittorrent.made import FakeMirror, hash_of, torrent


class FakeDaemon:
    """Answers by op.

    Fields:
        answers: the result of each op, or the error that it raises.
    """

    def __init__(self, mirror: FakeMirror) -> None:
        self.mirror = mirror
        self.answers: dict[str, Any] = {}

    async def run(self, call: Any, *, deadline_ms: int | None = None) -> Any:
        """Returns the answer of this op."""
        answer = self.answers[call.op]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Api:
    """The application over a made-up mirror."""

    def __init__(self, root: Path) -> None:
        self.mirror = FakeMirror(torrent(1, Facts(pieces=2, piece_length=1000, files=1), category="tv"), torrent(2))
        process = ProcessReport(rss_bytes=0, cpu_ms=0, fds=0)
        session = SessionReport(
            download_bps=1, upload_bps=2, downloaded=3, uploaded=4, peers=5, listen_port=6881, age_ms=0
        )
        self.mirror.stats = StatsReport(session=session, supervisor=process, engine=process, torrents={})
        self.daemon = FakeDaemon(self.mirror)
        self.store = Store(root / "store")
        gateway: Any = Gateway(Config(), self.daemon, self.store)  # type: ignore[arg-type]  # it has what is used
        self._application = application(routes.routes(gateway))

    def ask(self, path: str, query: str = "", form: str | None = None) -> tuple[int, Any]:
        """Sends a GET, or a POST with a form. Returns the status and the body."""
        status, body = asyncio.run(self._ask(path, query, form))
        return status, json.loads(body) if body[:1] in (b"[", b"{") else body.decode()

    async def _ask(self, path: str, query: str, form: str | None) -> tuple[int, bytes]:
        scope: Scope = {
            "type": "http",
            "method": "GET" if form is None else "POST",
            "path": f"/api/v2/{path}",
            "query_string": query.encode(),
            "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": (form or "").encode(), "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._application(scope, receive, send)
        return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The API."""
    made = Api(tmp_path)
    yield made
    made.store.close()


READS = ("torrents/info", "torrents/count", "torrents/properties", "sync/maindata")


@pytest.mark.parametrize("path", READS)
def test_post_reads(api: Api, path: str) -> None:
    """Flood and cross-seed send only POST."""
    fields = f"hash={hash_of(1)}"
    got, posted = api.ask(path, fields), api.ask(path, "", fields)
    assert got[0] == posted[0] == 200
    if path != "sync/maindata":
        assert got == posted


def test_the_list_has_hashes_and_is_selected(api: Api) -> None:
    """By query or by form."""
    assert [each["hash"] for each in api.ask("torrents/info")[1]] == [hash_of(1), hash_of(2)]
    assert [each["hash"] for each in api.ask("torrents/info", "category=")[1]] == [hash_of(2)]
    assert [each["hash"] for each in api.ask("torrents/info", "", "category=tv")[1]] == [hash_of(1)]
    assert [each["hash"] for each in api.ask("torrents/info", "filter=unknown&limit=1&offset=-1")[1]] == [hash_of(2)]
    assert api.ask("torrents/info", "hashes=abc")[1] == []
    assert api.ask("torrents/info", "sort=nothing")[0] == 400
    assert api.ask("torrents/count")[1] == "2"


@pytest.mark.parametrize("path", ["properties", "trackers", "webseeds", "files", "pieceStates", "pieceHashes"])
def test_unknown_and_missing_hashes(api: Api, path: str) -> None:
    """404 and 400."""
    assert api.ask(f"torrents/{path}", "hash=abc")[0] == 404
    assert api.ask(f"torrents/{path}")[0] == 400


def test_no_list_before_the_daemon_has_answered(api: Api) -> None:
    """An empty list would make automations believe that all torrents are gone."""
    api.mirror.ready = False
    assert [api.ask(path, f"hash={hash_of(1)}")[0] for path in READS] == [503] * len(READS)


def test_the_last_files_are_shown_while_the_engine_is_away(api: Api) -> None:
    """Without any, a client has to try again."""

    class Page:
        items = [FileRow(index=0, path="disk1", size=1000, priority=4, bytes_done=1000)]
        cursor = None

    path, query = "torrents/files", f"hash={hash_of(1)}"
    api.daemon.answers["list_files"] = Unavailable("away")
    assert api.ask(path, query)[0] == 503
    api.daemon.answers["list_files"] = Page()
    status, [file] = api.ask(path, query)
    assert (status, file["name"], file["piece_range"], file["is_seed"]) == (200, "disk1", [0, 0], True)
    api.daemon.answers["list_files"] = Unavailable("away")
    assert api.ask(path, query) == (200, [file])
    assert api.ask(path, f"{query}&indexes=0")[1] == [file]
    assert (api.ask(path, f"{query}&indexes=7")[0], api.ask(path, f"{query}&indexes=x")[0]) == (409, 409)


def test_maindata_has_the_service_too(api: Api) -> None:
    """And tags that no torrent has."""
    asyncio.run(api.store.put("qbittorrent.tags", ["spare"]))
    status, found = api.ask("sync/maindata")
    assert (status, found["full_update"], found["tags"]) == (200, True, ["spare"])
    assert len(found["server_state"]) == 27
    assert (found["server_state"]["up_info_data"], found["server_state"]["connection_status"]) == (4, "firewalled")
    assert api.ask("sync/maindata", "rid=1")[1] == {"rid": 2}


def test_maindata_waits_for_the_state_of_the_service(api: Api) -> None:
    """Home Assistant cannot do without."""
    api.mirror.stats = None
    assert api.ask("sync/maindata")[0] == 503


def test_a_torrent_that_is_gone_meanwhile_is_a_404(api: Api) -> None:
    """The mirror may lag behind."""
    api.daemon.answers["list_web_seeds"] = Refused.__new__(Refused)
    assert api.ask("torrents/webseeds", f"hash={hash_of(1)}")[0] == 404
    api.daemon.answers["list_web_seeds"] = ["http://w/"]
    assert api.ask("torrents/webseeds", f"hash={hash_of(1)}")[1] == [{"url": "http://w/"}]


def test_trackers_in_the_list_are_those_of_the_daemon(api: Api) -> None:
    """Or else what the mirror knows."""
    api.daemon.answers["list_trackers"] = Unavailable("away")
    assert [each["trackers"] for each in api.ask("torrents/info", "includeTrackers=true")[1]] == [[], []]
