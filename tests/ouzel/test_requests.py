"""Each request has an id of its own, and each reply is matched to its request once."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ouzel.client import calls
from ouzel.errors import Refused
from ouzel.requests import Requests, refusal, result_of
from protocol.wire import codec
from protocol.wire.envelope import Reply, parse_request
from protocol.wire.errors import ErrorKind, OuzelError
from tests.ouzel import samples


def reply_frame(request_id: str | int | None) -> bytes:
    """An OK."""
    return codec.encode(Reply(id=request_id, ok=True, result={}, epoch="e1", gen=1, seq=1))


def test_a_request_is_what_the_daemon_reads() -> None:
    """Version, id, op, arguments, client, wait, deadline."""
    request_id, frame = Requests(session="s", client="me").build("pause", {"torrent": "x"}, deadline_ms=5)
    request = parse_request(frame)
    assert (request.id, request.client, request.op, request.args) == (request_id, "me", "pause", {"torrent": "x"})
    assert (request.wait, request.deadline_ms) == ("durable", 5)


@given(st.lists(st.sampled_from(["build", "forget"]) | st.integers(0, 20), max_size=40))
def test_a_reply_is_matched_once_and_only_while_its_request_is_open(actions: list[str | int]) -> None:
    """Repeated, late and foreign replies are dropped."""
    requests = Requests(session="s")
    made: list[str] = []
    open_: set[str] = set()
    for action in actions:
        if action == "build":
            request_id, _ = requests.build("ping", {})
            assert request_id not in made
            made.append(request_id)
            open_.add(request_id)
        elif action == "forget" and made:
            requests.abandon(made[-1])
            open_.discard(made[-1])
        elif isinstance(action, int):
            reply = requests.match(reply_frame(f"s-{action}"))
            assert (reply is not None) == (f"s-{action}" in open_)
            open_.discard(f"s-{action}")


def test_two_sessions_share_no_id() -> None:
    """Not even with the same client name: the daemon would take the second request for a repeat."""
    assert Requests(session="a").build("ping", {})[0] != Requests(session="b").build("ping", {})[0]


@pytest.mark.parametrize("deadline_ms", [0, 600_001])
def test_a_deadline_out_of_range_is_refused(deadline_ms: int) -> None:
    """Before it is sent."""
    with pytest.raises(OuzelError, match="deadline_ms"):
        Requests(session="s").build("ping", {}, deadline_ms=deadline_ms)


@pytest.mark.parametrize("frame", [b"", b"\xc1", codec.encode([1]), codec.encode({"id": "s-0"})])
def test_what_is_no_reply_is_malformed(frame: bytes) -> None:
    """Messages of another protocol are an error."""
    with pytest.raises(OuzelError, match="malformed_frame"):
        Requests(session="s").match(frame)


def page_reply(rows: list[dict[str, Any]]) -> Reply:
    """The reply to a list, as it comes out of a frame."""
    requests = Requests(session="s")
    request_id, _ = requests.build("list_torrents", {})
    result = {"torrents": rows, "cursor": "c", "later": 1}
    reply = requests.match(codec.encode(Reply(id=request_id, ok=True, result=result, epoch="e1", gen=1, seq=1)))
    assert reply is not None
    return reply


def test_a_page_is_read_at_once_or_by_and_by() -> None:
    """Decoding directly from the frame has the same result as decoding from builtins."""
    rows = [samples.row(), samples.row("b" * 40, error="é")]
    reply = page_reply([msgspec.to_builtins(row) for row in rows])
    assert calls.list_torrents().read(reply) == calls.Page(rows, "c")
    assert result_of(reply)["torrents"] == [msgspec.to_builtins(row) for row in rows]


def test_a_row_that_is_none_is_blamed() -> None:
    """By its index and member."""
    row = msgspec.to_builtins(samples.row()) | {"peers": "many"}
    with pytest.raises(OuzelError, match=r"result.torrents\[1\].peers|result.torrents\[...\].peers"):
        calls.list_torrents().read(page_reply([msgspec.to_builtins(samples.row()), row]))


def test_a_reply_to_nobody_is_dropped() -> None:
    """The daemon could not read the id."""
    assert Requests(session="s").match(reply_frame(None)) is None


def test_results_and_refusals() -> None:
    """A refusal is raised; a result is a map."""
    assert result_of(samples.reply({"a": 1})) == {"a": 1}
    with pytest.raises(Refused) as caught:
        result_of(samples.refusal(ErrorKind.TORRENT_BUSY))
    assert caught.value.kind is ErrorKind.TORRENT_BUSY
    with pytest.raises(OuzelError, match=r"reply\.result"):
        result_of(samples.reply([]))
    with pytest.raises(OuzelError, match=r"reply\.error"):
        refusal(msgspec.structs.replace(samples.refusal(ErrorKind.TORRENT_BUSY), error=msgspec.UNSET))


def test_text_that_is_not_utf_8_is_refused() -> None:
    """A path of such bytes would become a different path."""
    with pytest.raises(OuzelError, match=r"args\.save_path: '/srv/\\udcff' is not UTF-8") as raised:
        Requests(session="s").build("add_torrent", {"magnet": "m", "save_path": "/srv/\udcff"})
    assert (raised.value.kind, raised.value.field) == (ErrorKind.INVALID_ARGUMENT, "args.save_path")
