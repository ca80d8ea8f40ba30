"""The blocking client with real sockets and a scripted daemon."""

import inspect
import socket
from pathlib import Path
from typing import Any

import pytest

from ouzel import Client, NotRunning, OuzelError, Refused, RequestTimeout, Resnapshot
from ouzel.client import calls
from ouzel.client.blocking import WINDOW
from ouzel.client.special.adding_calls import PART_BYTES
from protocol.wire.errors import ErrorKind
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from tests.ouzel.samples import ID, OTHER, file_row, row
from tests.ouzel.scripted_daemon import SILENCE, ScriptedDaemon


def test_a_request_gives_the_result_as_it_came(daemon: ScriptedDaemon, client: Client) -> None:
    """Op, arguments, wait, deadline and the client's name arrive."""
    daemon.answers["pause"] = lambda args: {"torrent": args["torrent"], "later": 1}
    assert client.request("pause", {"torrent": ID}, wait="applied", deadline_ms=700) == {"torrent": ID, "later": 1}
    request = daemon.requests[-1]
    assert (request.op, request.wait, request.deadline_ms, request.client) == ("pause", "applied", 700, "tester")


def test_a_refusal_is_raised_with_the_daemons_words(daemon: ScriptedDaemon, client: Client) -> None:
    """With kind, field and message."""
    with pytest.raises(Refused, match="there is no torrent") as caught:
        client.get_torrent(ID)
    assert caught.value.kind is ErrorKind.UNKNOWN_TORRENT


def test_reads_give_typed_rows(daemon: ScriptedDaemon, client: Client) -> None:
    """Rows and reports have the protocol's types."""
    daemon.rows = {ID: row()}
    daemon.answers["list_files"] = lambda _: {"files": [file_row()], "cursor": None, "age_ms": 3}
    assert client.hello().server == "scripted"
    client.ping()
    assert client.health().status is HealthStatus.HEALTHY
    assert client.stats().session.peers == 3
    assert list(client.list_torrents()) == [row()]
    assert list(client.list_torrents(state="paused")) == []
    assert client.get_torrent(ID).state is TorrentState.DOWNLOADING
    assert list(client.list_files(torrent=ID)) == [file_row()]


def test_lists_go_from_page_to_page(daemon: ScriptedDaemon, client: Client) -> None:
    """Until the cursor is null."""
    ids = [f"{number:040x}" for number in range(5)]
    daemon.rows = {each: row(each) for each in ids}
    assert [each.torrent for each in client.list_torrents(limit=2)] == ids
    assert [[each.torrent for each in page.torrents] for page in client.snapshot(limit=3)] == [ids[:3], ids[3:]]
    assert list(client.list_ids()) == ids


def test_mutations_send_what_was_asked_for_and_leave_out_the_rest(daemon: ScriptedDaemon, client: Client) -> None:
    """None is not sent, so the daemon does not change that value."""
    daemon.answers["update_limits"] = lambda _: {"download_bps": 7, "upload_bps": 0}
    daemon.answers["add_peers"] = lambda args: {"torrent": ID, "added": len(args["peers"])}
    daemon.answers["add_torrent"] = lambda _: {"torrent": ID, "duplicate": False}
    for op in ("remove_torrent", "pause", "resume", "set_sequential", "update_selection"):
        daemon.answers[op] = lambda _: {"torrent": ID}
    assert client.update_limits(download_bps=7).download_bps == 7
    assert daemon.requests[-1].args == {"torrent": None, "download_bps": 7}
    client.update_selection(ID, priorities={3: 7}, exclude=[])
    assert daemon.requests[-1].args == {"torrent": ID, "priorities": {"3": 7}, "exclude": []}
    assert client.add_torrent(metainfo=b"d4:infod", include=["*.mkv"]).torrent == ID
    assert daemon.requests[-1].args["metainfo"] == b"d4:infod"
    assert daemon.requests[-1].args["rules"] == {"include": ["*.mkv"], "exclude": [], "skip_fluff": False}
    assert client.add_peers(ID, ["127.0.0.1:6881"]) == 1
    client.set_sequential(ID)
    client.pause(ID)
    client.resume(ID)
    client.remove_torrent(ID, delete_files=True)
    assert daemon.requests[-1].args == {"torrent": ID, "delete_files": True}


def test_many_requests_travel_together_and_outcomes_come_in_their_order(daemon: ScriptedDaemon, client: Client) -> None:
    """More than the window; a refusal is in its place and does not stop the others."""

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        if args["number"] == 3:
            raise OuzelError(ErrorKind.TORRENT_BUSY, "wait")
        return args

    daemon.answers["pause"] = answer
    outcomes = client.request_many([("pause", {"number": number}) for number in range(WINDOW + 50)])
    assert isinstance(outcomes[3], Refused)
    assert [each for each in outcomes if isinstance(each, dict)] == [
        {"number": number} for number in range(WINDOW + 50) if number != 3
    ]


def test_no_answer_in_time_is_a_timeout_and_the_late_reply_is_nobodys(
    daemon: ScriptedDaemon, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next request gets its own reply, even if the late one comes first."""
    monkeypatch.setattr("ouzel.client.blocking.GRACE_S", 0.05)
    daemon.answers["pause"] = lambda _: SILENCE
    with pytest.raises(RequestTimeout, match="may still take effect") as caught:
        client.request("pause", {}, deadline_ms=10)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    late = daemon.requests[-1]

    def late_first(_: dict[str, Any]) -> dict[str, Any]:
        daemon.answer_as(late, {"late": True})
        return {"mine": True}

    daemon.answers["resume"] = late_first
    assert client.request("resume") == {"mine": True}


def test_no_socket_is_no_daemon(tmp_path: Path) -> None:
    """The message says which path was tried and how to start a daemon."""
    with Client(tmp_path) as client, pytest.raises(NotRunning, match="ouzeld") as caught:
        client.ping()
    assert str(tmp_path / "commands.ipc") in str(caught.value)
    assert isinstance(caught.value, ConnectionError)


def test_a_socket_that_nobody_listens_at_is_no_daemon(tmp_path: Path) -> None:
    """A killed daemon leaves its socket file."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "commands.ipc"))
    with Client(tmp_path) as client, pytest.raises(NotRunning, match="refused"):
        client.events()


def test_a_listener_that_says_nothing_is_no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It only accepts connections."""
    monkeypatch.setattr("ouzel.client.presence.Place.patience_s", 0.05)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "commands.ipc"))
        deaf.listen()
        with Client(tmp_path) as client, pytest.raises(NotRunning, match="said nothing"):
            client.ping()


def test_a_client_outlives_its_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile calls raise; the next daemon is found, and does not get requests queued before."""
    monkeypatch.setattr("ouzel.client.blocking.GRACE_S", 0.05)
    with Client(tmp_path) as client:
        with ScriptedDaemon(tmp_path):
            client.ping()
        with pytest.raises(NotRunning):
            client.request("pause", {}, deadline_ms=10)
        with ScriptedDaemon(tmp_path) as daemon:
            client.hello()
            assert daemon.ops() == ["ping", "hello"]


def test_a_request_that_the_daemon_would_not_read_is_not_sent(client: Client) -> None:
    """Over 16 MiB."""
    with pytest.raises(OuzelError, match="frame_too_large"):
        client.upload_part("u", 0, bytes(17 * 1024 * 1024))


def test_a_large_torrent_file_is_uploaded_first(daemon: ScriptedDaemon, client: Client) -> None:
    """In parts; if the daemon refuses one, the torrent is not added."""
    with pytest.raises(OuzelError, match="upload_part"):
        client.add_torrent(metainfo=bytes(17 * 1024 * 1024))
    call = calls.add_torrent(metainfo=bytes(range(256)) * 70_000)
    parts = [each.args for each in call.before]
    assert b"".join(part["data"] for part in parts) == bytes(range(256)) * 70_000
    assert [part["offset"] for part in parts] == [at * PART_BYTES for at in range(len(parts))]
    assert {part["upload"] for part in parts} == {call.args["upload"]}


def test_events_come_with_the_client(daemon: ScriptedDaemon, client: Client) -> None:
    """Closing the client ends its streams."""
    daemon.rows = {ID: row(), OTHER: row(OTHER)}
    events = client.events(snapshot=True)
    first = next(events)
    assert isinstance(first, Resnapshot)
    assert [each.torrent for each in first.torrents] == [ID, OTHER]
    client.close()
    assert list(events) == []


def test_methods_look_like_the_verbs_they_are_made_of() -> None:
    """For `help` and editors: names, documentation, and parameters without the cursor."""
    assert str(inspect.signature(Client.pause).replace(return_annotation="")).startswith("(self, /, torrent: str")
    assert "cursor" not in inspect.signature(Client.list_torrents).parameters
    assert Client.pause.__doc__ == "Stops a torrent until `resume`, even across restarts."


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    """The operating system would truncate it."""
    with pytest.raises(ValueError, match="longer than the 107 bytes"):
        Client(tmp_path / ("x" * 100))
