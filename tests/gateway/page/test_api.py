"""The page's API: reads, actions, adds and probes."""

import asyncio
import json
from typing import Any

import pytest

from gateway.daemon.daemon import Unavailable
from gateway.page.actions import ACTIONS
from ouzel.client.call import Page
from ouzel.client.calls import Added
from ouzel.errors import Refused
from ouzel.stream.silence import DaemonSilent
from protocol.wire.envelope import ErrorBody
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import Hindrance, HindranceCause, TorrentState
from tests.gateway.access.asgi import ask
from tests.gateway.page.rig import Rig
from tests.ouzel import samples

ID, OTHER = samples.ID, samples.OTHER
AWAY = Unavailable("the engine is away", 7)


def refused(kind: ErrorKind, message: str) -> Refused:
    """The daemon's refusal."""
    return Refused(ErrorBody.of(OuzelError(kind, message)))


def test_torrents_are_listed_in_pages() -> None:
    """Torrents are listed in pages."""
    hindrance = Hindrance(cause=HindranceCause.NO_PEERS, message="no peer is connected")
    rig = Rig(samples.row(OTHER), samples.row(ID, hindrance=hindrance, state=TorrentState.QUEUED))
    listed = rig.json("/api/torrents?limit=1")
    assert (listed["total"], listed["offset"]) == (2, 0)
    assert listed["torrents"][0]["hindrance"] == {"cause": "no_peers", "message": "no peer is connected"}
    assert [each["torrent"] for each in rig.json("/api/torrents?offset=1")["torrents"]] == [OTHER]


@pytest.mark.parametrize("query", ["limit=-1", "offset=x", "offset=²", "limit=99999999999"])
def test_wrong_numbers_are_refused(query: str) -> None:
    """Wrong numbers are refused."""
    assert Rig().get(f"/api/torrents?{query}").status == 400


@pytest.mark.parametrize("target", ["/api/torrents", f"/api/torrents/{ID}", f"/api/torrents/{ID}/files", "/readyz"])
def test_before_the_state_is_known_nothing_is_listed(target: str) -> None:
    """Before the state is known nothing is listed."""
    answer = Rig(ready=False).get(target)
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


def test_a_torrent_has_details() -> None:
    """A torrent has details."""
    rig = Rig(samples.row())
    rig.daemon.answer = lambda _: samples.detail(piece_length=16384)
    found = rig.json(f"/api/torrents/{ID.upper()}")
    assert (found["row"]["torrent"], found["detail"]["piece_length"]) == (ID, 16384)


def test_the_details_of_an_unknown_torrent_are_missing() -> None:
    """The details of an unknown torrent are missing."""
    answer = Rig().get(f"/api/torrents/{ID}")
    assert answer.status == 404
    assert json.loads(answer.body)["error"]["name"] == "not_found"


def test_the_last_files_are_given_while_the_engine_is_away() -> None:
    """The last files are given while the engine is away."""
    rig = Rig(samples.row())
    rig.daemon.answer = lambda _: Page([samples.file_row()], None)
    fresh = rig.json(f"/api/torrents/{ID}/files")
    assert (len(fresh["files"]), fresh["fresh"], fresh["complete"]) == (1, True, True)
    rig.daemon.answer = lambda _: AWAY
    assert rig.json(f"/api/torrents/{ID}/files")["files"] == fresh["files"]
    answer = rig.get(f"/api/torrents/{ID}/peers")
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")


def test_the_health_has_the_reports() -> None:
    """The health has the reports."""
    found = Rig().json("/api/health")
    assert found["health"]["status"] == "healthy"
    assert found["engine"]["engines"][0]["gen"] == 2
    assert found["report"]["supervisor"]["pid"] == 6


def test_crash_reports_are_listed_latest_first() -> None:
    """Crash reports are listed latest first."""
    rig = Rig()
    rig.daemon.answer = lambda call: [samples.crash(name="a"), samples.crash(name="b")]
    assert [each["name"] for each in rig.json("/api/crashes")["crashes"]] == ["b", "a"]
    rig.daemon.answer = lambda _: refused(ErrorKind.UNKNOWN_CRASH, "no crash report has this name")
    assert rig.get("/api/crashes/x").status == 404


ORDERS: dict[str, dict[str, Any]] = {
    "remove": {"delete_files": True},
    "select": {"priorities": {"0": 0, "1": 7}},
    "limits": {"download_bps": 1000, "upload_bps": 0},
    "category": {"category": "films"},
}


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_each_action_is_one_call_for_each_torrent(action: str) -> None:
    """Each action is one call for each torrent."""
    rig = Rig(samples.row(), samples.row(OTHER))
    answer = rig.post(f"/api/actions/{action}", {"torrents": [ID, OTHER, ID], **ORDERS.get(action, {})})
    assert (answer.status, json.loads(answer.body)) == (200, {"failed": {}})
    assert [each.args["torrent"] for each in rig.daemon.calls] == [ID, OTHER]
    assert rig.daemon.refreshed == [ID, OTHER]


def test_an_action_names_the_torrents_that_it_did_not_change() -> None:
    """An action names the torrents that it did not change."""
    rig = Rig(samples.row())
    rig.daemon.answer = lambda call: (
        refused(ErrorKind.UNKNOWN_TORRENT, "no torrent has this id") if call.args["torrent"] == OTHER else None
    )
    answer = rig.post("/api/actions/pause", {"torrents": [ID, OTHER]})
    assert json.loads(answer.body) == {"failed": {OTHER: "no torrent has this id"}}


@pytest.mark.parametrize(
    ("action", "order", "status"),
    [
        ("explode", {"torrents": [ID]}, 404),
        ("pause", {"torrents": []}, 400),
        ("pause", {"torrents": ID}, 400),
        ("pause", {}, 400),
        ("pause", [], 400),
        ("remove", {"torrents": [ID], "deleteFiles": True}, 400),
        ("remove", {"torrents": [ID], "delete_files": "no"}, 400),
        ("select", {"torrents": [ID]}, 400),
        ("select", {"torrents": [ID], "priorities": {"0": 8}}, 400),
        ("limits", {"torrents": [ID], "download_bps": -1}, 400),
        ("category", {"torrents": [ID]}, 400),
    ],
)
def test_a_wrong_order_changes_nothing(action: str, order: Any, status: int) -> None:
    """A wrong order changes nothing."""
    rig = Rig(samples.row())
    answer = rig.post(f"/api/actions/{action}", order)
    assert answer.status == status
    assert json.loads(answer.body)["error"]["message"]
    assert rig.daemon.calls == []


def test_a_form_of_another_site_is_no_order() -> None:
    """A form of another site is no order."""
    rig = Rig(samples.row())
    body = json.dumps({"torrents": [ID]}).encode()
    answer = asyncio.run(ask(rig.app, "POST", "/api/actions/pause", {"content-type": "text/plain"}, body=body))
    assert (answer.status, rig.daemon.calls) == (400, [])


def test_an_action_while_the_engine_is_away_is_to_be_tried_again() -> None:
    """An action while the engine is away is to be tried again."""
    rig = Rig(samples.row())
    rig.daemon.answer = lambda _: AWAY
    assert rig.post("/api/actions/pause", {"torrents": [ID]}).status == 503


def test_links_are_added_in_order() -> None:
    """Links are added in order."""
    rig = Rig()
    rig.daemon.answer = lambda call: (
        refused(ErrorKind.INVALID_MAGNET, "it is broken")
        if call.args["magnet"].endswith("broken")
        else Added(torrent=ID, duplicate=False)
    )
    links = [ID, "magnet:?broken", "https://127.0.0.1/x.torrent"]
    answer = rig.post("/api/torrents", {"links": links, "category": "films", "paused": True})
    ok, broken, other = json.loads(answer.body)["results"]
    assert ok == {"source": ID, "torrent": ID, "duplicate": False}
    assert broken == {"source": "magnet:?broken", "problem": "it is broken"}
    assert "not public" in other["problem"]
    assert (rig.daemon.calls[0].args["category"], rig.daemon.calls[0].args["paused"]) == ("films", True)
    assert rig.daemon.refreshed == [ID]


def test_files_are_added_by_a_form() -> None:
    """Files are added by a form."""
    rig = Rig()
    rig.daemon.answer = lambda _: Added(torrent=ID, duplicate=True)
    parts = [
        b'name="category"\r\n\r\nfilms',
        b'name="paused"\r\n\r\nfalse',
        b'name="torrents"; filename="a.torrent"\r\n\r\nmeta\x00info',
    ]
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = asyncio.run(ask(rig.app, "POST", "/api/torrents", headers, body=body))
    assert json.loads(answer.body)["results"] == [{"source": "a.torrent", "torrent": ID, "duplicate": True}]
    assert rig.daemon.calls[0].args["metainfo"] == b"meta\x00info"


@pytest.mark.parametrize("wish", [{}, {"links": []}, {"links": "magnet:?x"}, {"links": [1]}, {"urls": ["x"]}])
def test_a_wish_without_links_is_refused(wish: Any) -> None:
    """A wish without links is refused."""
    assert Rig().post("/api/torrents", wish).status == 400


def test_probes_say_whether_the_daemon_answers() -> None:
    """Probes say whether the daemon answers."""
    rig = Rig()
    assert rig.json("/healthz") == {"gateway": "healthy", "daemon": "healthy"}
    assert rig.json("/readyz") == {"ready": True, "daemon": "healthy"}
    rig.mirror.apply(DaemonSilent(silence_s=3.0, since_us=1), 1)
    assert rig.json("/healthz") == {"gateway": "healthy", "daemon": "away"}
    answer = rig.get("/readyz")
    assert (answer.status, json.loads(answer.body)["ready"]) == (503, False)
