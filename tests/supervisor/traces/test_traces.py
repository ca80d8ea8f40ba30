import pytest

from protocol.wire import codec
from protocol.wire.commands.kinds import Command
from protocol.wire.commands.service.counter_commands import GetSpans
from protocol.wire.commands.session_commands import Ping
from protocol.wire.commands.torrent_commands import PauseTorrent
from protocol.wire.envelope import Request
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.log.request_book import RequestBook
from supervisor.traces.traces import READER_S, TRACE, Traces

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TORRENT = "0123456789abcdef0123456789abcdef01234567"
PAUSE = PauseTorrent(torrent=TORRENT)


def request(flags: str | None = "01", number: int = 1) -> Request:
    """A request, with a trace of its client unless `flags` is None."""
    if flags is None:
        return Request(v=1, id=number, op="pause")
    return Request(v=1, id=number, op="pause", traceparent=f"00-{TRACE_ID}-{PARENT}-{flags}")


def run(traces: Traces, asked: Request, command: Command = PAUSE, outcome: object = None) -> bool:
    """Runs a request with one durable write. Returns whether it was traced."""
    token = traces.begin([b"c"], asked, command, "web/1")
    if token is not None:
        span = TRACE.get()
        assert span is not None
        span.child("durable_write").end()
        TRACE.reset(token)
    traces.replied([b"c"], asked.id, outcome)
    return token is not None


def test_a_request_and_its_write_are_children_of_the_clients_span() -> None:
    """And the page says what the exporter needs to go on."""
    traces = Traces()
    traces.page(GetSpans())
    assert run(traces, request(), outcome=OuzelError(ErrorKind.UNKNOWN_TORRENT, "x"))
    page = traces.page(GetSpans())
    write, whole = page.spans
    assert (whole.name, whole.kind, whole.trace, whole.parent) == ("pause", "server", TRACE_ID, PARENT)
    assert (whole.error, whole.fields) == ("unknown_torrent", {"ouzel.request": "web/1", "ouzel.torrent": TORRENT})
    assert (write.name, write.trace, write.parent) == ("durable_write", TRACE_ID, whole.span)
    assert whole.start_us <= write.start_us
    assert write.end_us <= whole.end_us
    assert (page.cursor, page.more, page.dropped) == (2, False, 0)
    assert traces.page(GetSpans(after=2)).spans == []
    assert TRACE.get() is None


def test_nothing_is_traced_without_a_reader() -> None:
    """Before the first `get_spans`, and READER_S after the last one."""
    now = 0.0
    traces = Traces(clock=lambda: now)
    before = traces.on
    traces.page(GetSpans())
    during = traces.on
    now = READER_S + 1
    assert not run(traces, request())
    assert (before, during, traces.on) == (False, True, False)


@pytest.mark.parametrize(
    ("flags", "ratio", "command", "traced"),
    [
        ("00", 1.0, PAUSE, False),  # the client has decided
        ("03", 0.0, PAUSE, True),
        ("01", 0.0, Ping(), True),
        (None, 1.0, PAUSE, True),
        (None, 0.0, PAUSE, False),
        (None, 1.0, Ping(), False),  # monitoring would drown the commands
        ("01", 1.0, GetSpans(), False),  # else the export would trace itself
    ],
)
def test_who_decides_what_is_traced(flags: str | None, ratio: float, command: Command, traced: bool) -> None:
    """The client, or else the ratio for mutations."""
    traces = Traces()
    traces.page(GetSpans(ratio=ratio))
    assert run(traces, request(flags), command) == traced
    spans = traces.page(GetSpans()).spans
    assert bool(spans) == traced
    if traced and flags is None:
        assert spans[-1].parent is None


def test_the_number_of_spans_is_bounded() -> None:
    """Dropped spans are counted, and a cursor of an earlier start begins anew."""
    traces = Traces(spans_max=4)
    traces.page(GetSpans())
    for number in range(5):
        run(traces, request(number=number))
    page = traces.page(GetSpans(limit=3))
    assert (len(page.spans), page.cursor, page.more, page.dropped) == (3, 9, True, 6)
    assert (traces.page(GetSpans(after=9)).cursor, traces.page(GetSpans(after=999)).dropped) == (10, 6)


def test_a_change_in_the_engine_lasts_until_it_is_confirmed() -> None:
    """A later change of the same torrent ends the span of the earlier one."""
    traces, book = Traces(), RequestBook()
    traces.page(GetSpans())
    traces.begin([b"c"], request(), PAUSE, "web/1")
    book.note(TORRENT, "web/1", TRACE.get())
    book.note(TORRENT, "web/2", TRACE.get())
    TRACE.set(None)
    book.confirmed(TORRENT)
    book.confirmed(TORRENT)
    assert [(each.name, each.error) for each in traces.page(GetSpans()).spans] == [
        ("engine_apply", "superseded"),
        ("engine_apply", None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"01-{TRACE_ID}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID.upper()}-{PARENT}-01",
        f"00-{TRACE_ID}-{PARENT}-01\n",
        f"00-{TRACE_ID}-{PARENT}",
    ],
)
def test_a_wrong_trace_context_is_refused(text: str) -> None:
    """The error names the field."""
    with pytest.raises(OuzelError, match="traceparent"):
        codec.convert(
            {"v": 1, "op": "ping", "id": 1, "traceparent": text}, Request, within="", error=ErrorKind.INVALID_ENVELOPE
        )
