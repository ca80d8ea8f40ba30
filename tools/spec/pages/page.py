"""Generates the regions of docs/protocol.md: tables and examples, from the typed messages and the vectors."""

import textwrap
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from typing import Final, get_args

import msgspec

from ouzel.requests import MAX_REPLY_BYTES
from protocol.wire import codec, desired, envelope
from protocol.wire.commands import kinds, torrent_commands
from protocol.wire.errors import ErrorKind
from protocol.wire.events import event
from protocol.wire.events.event import Event, LatestEvent
from protocol.wire.events.torrent_events import Progress
from protocol.wire.operations import ALWAYS, OF_MUTATIONS, OPERATIONS, Operation, Refusal
from protocol.wire.peer_rows import PeerFlag
from protocol.wire.reports import EngineState, HealthStatus, Severity
from protocol.wire.rows import TorrentState
from supervisor.commands.reads import pages, reads
from supervisor.events import event_log, subscriptions
from supervisor.mediators import clock
from supervisor.requests import acceptances, claims, large_frames, requests
from supervisor.transport import connections, outbox, sockets
from tools.spec import types, vectors
from tools.spec.meanings import about, meanings, summary
from tools.spec.samples import EVENTS
from tools.spec.vectors import Vector
from tools.spec.wire_json import text

HEX_WIDTH: Final = 100
_STATES: Final[tuple[tuple[StrEnum, str], ...]] = (
    (
        TorrentState.QUEUED,
        "this engine has not loaded the torrent yet, or the torrent waits in libtorrent's queue (`auto_managed`)",
    ),
    (TorrentState.CHECKING, "the torrent's files are being hashed"),
    (TorrentState.FETCHING_METADATA, "a magnet link whose metadata has not arrived yet"),
    (TorrentState.DOWNLOADING, "selected files are being downloaded"),
    (TorrentState.FINISHED, "all selected files are complete, and not all files are selected"),
    (TorrentState.SEEDING, "all files are complete"),
    (
        TorrentState.PAUSED,
        "a client paused the torrent, or a full disk holds it (then the row's `paused` is false)",
    ),
    (TorrentState.ERROR, "the torrent has stopped, and somebody has to act; the row's `error` has the cause"),
    (
        TorrentState.MISSING_STORAGE,
        "the torrent's disk or files are missing; it recovers by itself when they are back",
    ),
    (TorrentState.QUARANTINED, "the torrent crashes the engine, and is not loaded until `release_torrent`"),
    (HealthStatus.STARTING, "the first engine does not accept commands yet"),
    (HealthStatus.HEALTHY, "the service works; `reasons`, if any, affect only some torrents or parts"),
    (HealthStatus.DEGRADED, "the service works, but a problem affects all torrents: see `reasons`"),
    (
        HealthStatus.UNHEALTHY,
        "there is no engine, and none will start soon; reads, and mutations that need no engine, are answered",
    ),
    (HealthStatus.STOPPING, "the supervisor is shutting down: reads are answered, mutations refused"),
    (Severity.WARNING, "the problem affects some torrents, files or clients, or a part that nothing else needs"),
    (Severity.ERROR, "the problem affects the whole service, which is `degraded`"),
    (Severity.CRITICAL, "the service does not work, and is `unhealthy`"),
    (EngineState.IDLE, "no engine was started yet"),
    (EngineState.STARTING, "the process does not accept commands yet"),
    (EngineState.RUNNING, "the engine accepts commands"),
    (EngineState.RECYCLING, "the engine is being drained and will be replaced"),
    (EngineState.BACKING_OFF, "the engine died; the next one starts after a short back-off"),
    (EngineState.OVER_BUDGET, "engines died too often (over the restart intensity); the next one starts in minutes"),
    (EngineState.STOPPING, "the engine is being drained, since the service stops"),
    (EngineState.STOPPED, "the engine has exited, and the service stops"),
    (PeerFlag.SEED, "the peer has all pieces"),
    (PeerFlag.UPLOAD_ONLY, "the peer wants no more pieces (BEP 21)"),
    (PeerFlag.OUTGOING, "this side has connected to the peer; otherwise the peer has connected to this side"),
    (PeerFlag.CONNECTING, "the connection is not established yet"),
    (PeerFlag.HANDSHAKE, "the handshakes are not complete yet, so the rest is not known"),
    (PeerFlag.ENCRYPTED, "the payload is encrypted"),
    (PeerFlag.INTERESTED, "this side wants pieces that the peer has"),
    (PeerFlag.UNCHOKED, "this side answers the peer's requests for pieces"),
    (PeerFlag.REMOTE_INTERESTED, "the peer wants pieces that this side has"),
    (PeerFlag.REMOTE_UNCHOKED, "the peer answers this side's requests for pieces"),
    (PeerFlag.OPTIMISTIC, "the peer is unchoked for a while whatever it sends (optimistic unchoke)"),
    (PeerFlag.SNUBBED, "the peer has not sent what was requested for a long time"),
    (PeerFlag.ON_PAROLE, "the peer sent a part of a piece that failed the hash check"),
    (PeerFlag.HOLEPUNCHED, "the connection was established by a holepunch (BEP 55)"),
    (PeerFlag.FROM_TRACKER, "a tracker named the peer"),
    (PeerFlag.FROM_DHT, "the peer was found in the DHT"),
    (PeerFlag.FROM_PEX, "another peer named the peer (BEP 11)"),
    (PeerFlag.FROM_LSD, "the peer was found in the local network (BEP 14)"),
    (PeerFlag.FROM_RESUME_DATA, "the fast-resume data named the peer"),
)
"""A tuple, not a map. Members of different enumerations may have equal values, and so equal hashes."""


def regions() -> dict[str, str]:
    """All regions by name."""
    return {
        "request": _members(envelope.Request),
        "reply": _members(envelope.Reply, given=False),
        "error": _members(envelope.ErrorBody, given=False),
        "event": _members(envelope.EventFrame, given=False),
        "limits": _limits(),
        "errors": _errors(),
        "errors-always": _refusals(ALWAYS),
        "errors-of-mutations": _refusals(OF_MUTATIONS),
        "torrent-states": _states(TorrentState),
        "health-states": _states(HealthStatus),
        "severities": _states(Severity),
        "engine-states": _states(EngineState),
        "peer-flags": _states(PeerFlag),
        "list-of-operations": _operations(),
        "operations": "\n\n".join(_operation(operation) for operation in OPERATIONS.values()),
        "types": "\n\n".join(_type(kind) for kind in _named_types()),
        "list-of-events": _event_types(),
        "events": "\n\n".join(map(_event, EVENTS)),
    }


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def hex_block(frame: bytes) -> str:
    """A frame in hex, wrapped into lines."""
    return "```text\n" + "\n".join(textwrap.wrap(frame.hex(), HEX_WIDTH)) + "\n```"


def json_block(vector: Vector) -> str:
    """The content of a frame as JSON."""
    return f"```json\n{text(vector.decoded)}\n```"


def _members(kind: type[msgspec.Struct], *, given: bool = True, without: tuple[str, ...] = ()) -> str:
    """The table of a message's members.

    Args:
        given: whether clients send the message. If so, optional members have a default.
    """
    words = meanings(kind)
    rows = []
    for field in types.fields_of(kind):
        if field.encode_name in without:
            continue
        cells = [f"`{field.encode_name}`", types.name_of(field.type)]
        if given:
            cells += [types.default_of(field), types.bounds_of(field.type)]
        rows.append([*cells, words[field.encode_name]])
    head = ["name", "type", *(["default", "bounds"] if given else []), "meaning"]
    return table(head, rows) if rows else "None."


def _limits() -> str:
    def mib(size: int) -> str:
        return f"{size // 2**20} MiB"

    return table(
        ["what is limited", "limit", "beyond the limit"],
        [
            [
                "size of a request, in bytes",
                f"{codec.MAX_FRAME_BYTES:,} ({mib(codec.MAX_FRAME_BYTES)})",
                "`frame_too_large`",
            ],
            [
                "size of a message, in bytes",
                f"{sockets.RECEIVE_BYTES_MAX:,} ({mib(sockets.RECEIVE_BYTES_MAX)})",
                "the connection is closed without a reply",
            ],
            ["members of all arrays and maps of a request together", f"{codec.MAX_ELEMENTS:,}", "`frame_too_large`"],
            ["arrays and maps in a request", f"{codec.MAX_CONTAINERS:,}", "`frame_too_large`"],
            ["levels of arrays and maps (the outermost map is the first)", f"{codec.MAX_DEPTH}", "`too_deep`"],
            ["integers", f"±{codec.MAX_INTEGER:,} (2^53-1)", "`malformed_frame`"],
            ["`id` and `client`", "200 characters each", "`invalid_envelope`"],
            [
                "`deadline_ms`",
                f"1..{envelope.MAX_DEADLINE_MS:,}; {envelope.DEFAULT_DEADLINE_MS:,} by default",
                "`invalid_envelope`",
            ],
            ["rows, files or events in a page (`limit`)", f"{kinds.MAX_PAGE:,}", "`invalid_argument`"],
            [
                "rate limits (`*_bps`)",
                f"{desired.LIMIT_MAX_BPS:,}",
                "`invalid_argument`",
            ],
            ["characters of all globs of a torrent together", f"{desired.RULES_MAX:,}", "`invalid_argument`"],
            [
                "trackers, web seeds and peers of a source",
                f"{desired.ADDRESSES_MAX:,} each",
                "`invalid_magnet` or `invalid_metainfo`",
            ],
            [
                "processor time for the evaluation of a torrent's globs",
                f"{desired.RULES_PATIENCE_S:g} s",
                "the torrent is in state `error`",
            ],
            [
                "events in one reply to `replay`, in bytes",
                f"about {mib(reads.REPLAY_BYTES_MAX)}, but at least one event",
                "fewer than `limit` are returned; request the rest",
            ],
            [
                "events stored for `replay`",
                f"the last {event_log.MAX_EVENTS:,} and {mib(event_log.MAX_BYTES)}",
                "`replay_gone`",
            ],
            [
                "events in one reply to `replay`",
                f"{reads.REPLAY_EVENTS_MAX:,}",
                "fewer than `limit` are returned; request the rest",
            ],
            [
                "rows or files in one reply, in bytes",
                f"about {pages.PAGE_BYTES // 1024} KiB, but at least one",
                "fewer than `limit` are returned; continue with `cursor`",
            ],
            [
                "requests in flight of a connection, not counting `hello`, `ping`, `health`, `stats` and `get_torrent`",
                f"{claims.IN_FLIGHT_MAX:,}, and {mib(claims.IN_FLIGHT_BYTES_MAX)} of them",
                "`too_many_in_flight`, with `retry_after_ms`",
            ],
            [
                "requests in flight of all connections, in bytes",
                f"{mib(claims.TOTAL_BYTES_MAX)}",
                "`too_many_in_flight`, with `retry_after_ms`",
            ],
            [
                f"requests of {large_frames.LARGE_BYTES // 1024} KiB or more of a connection that are queued "
                "because an earlier one took long to decode",
                f"{mib(large_frames.WAITING_MAX)}; of all connections {mib(large_frames.WAITING_TOTAL_MAX)}",
                "`too_many_in_flight`, with `retry_after_ms`",
            ],
            [
                "address frames before a request (the envelope)",
                f"{requests.HOPS_MAX}, of {requests.HOP_BYTES_MAX} bytes each",
                "`frame_too_large`, with a null `id`",
            ],
            [
                "frames of a connection whose `id` cannot be read",
                f"{claims.BAD_FRAMES_BURST:g}, and {claims.BAD_FRAMES_PER_S:g} a second",
                "the frames are dropped; once a second one is answered with `too_many_bad_frames`",
            ],
            [
                "invalid requests of a connection with a readable `id` (the frame, the envelope, the `op` or the form "
                "of the arguments is invalid)",
                f"{claims.BAD_REQUESTS_BURST:g}, and {claims.BAD_REQUESTS_PER_S:g} a second",
                "the refusals are delayed, one after the other, each at most until its deadline; while "
                f"{claims.BAD_REQUESTS_WAITING_MAX} are queued, further ones get `too_many_in_flight` at once",
            ],
            [
                "unread replies of a connection",
                f"{outbox.QUEUE_MAX:,} (of those over {outbox.LARGE_BYTES // 1024} KiB, "
                f"{mib(outbox.LARGE_UNSENT_MAX)}), and {mib(outbox.WAITING_MAX)} more",
                "further replies to the connection are dropped",
            ],
            [
                "local connections of a socket; the same number again on tcp",
                f"{connections.CONNECTIONS_MAX:,}",
                "excess connections are closed",
            ],
            ["a connection's handshake", f"{sockets.HANDSHAKE_MS // 1000} s", "the connection is closed"],
            [
                "subscriptions of a connection (each counts its length plus 16 bytes)",
                f"{mib(subscriptions.HOLDER_BYTES_MAX)}; of all connections {mib(subscriptions.ALL_BYTES_MAX)}",
                "the connection is closed; over the total, the one with the most is closed, if it has at least "
                f"{subscriptions.BLAMED_BYTES_MIN // 1024} KiB",
            ],
            [
                "size of a frame to the events socket, in bytes",
                f"{sockets.SUBSCRIPTION_BYTES_MAX:,}",
                "the connection is closed",
            ],
            [
                "messages queued for a slow subscriber (high-water mark)",
                f"{sockets.SUBSCRIBER_HWM:,}",
                "the newest messages are dropped; the next tick reveals the gap",
            ],
            [
                "files in a `files_discovered` event",
                f"{event.MAX_EVENT_FILES:,}",
                "`truncated` is true; `list_files` has all files",
            ],
            [
                "how long a mutation's reply is stored",
                f"{acceptances.REMEMBERED_S:g} s, and {mib(acceptances.MAX_BYTES)} of them",
                "a repeated request is carried out again",
            ],
            ["time between two ticks", f"{clock.TICK_S:g} s", ""],
            [
                "size of a reply, in bytes",
                f"no limit; Ouzel's own clients accept {mib(MAX_REPLY_BYTES)}",
                "request smaller pages",
            ],
        ],
    )


def _errors() -> str:
    return table(
        ["code", "name", "retry", "meaning"],
        [[str(kind.code), f"`{kind.wire_name}`", f"`{kind.retry}`", kind.value.meaning] for kind in ErrorKind],
    )


def _refusals(refusals: Iterable[Refusal]) -> str:
    rows = [[f"`{kind.wire_name}`", f"{kind.code}", when or kind.value.meaning] for kind, when in refusals]
    return table(["error", "code", "when"], rows) if rows else "None of its own."


def _states(enum: type[StrEnum]) -> str:
    return table(
        ["name", "meaning"], [[f"`{member.value}`", meaning] for member, meaning in _STATES if type(member) is enum]
    )


def _operations() -> str:
    rows = [
        [f"[`{op}`](#{op})", "mutation" if operation.mutates else "read", summary(operation.arguments)]
        for op, operation in OPERATIONS.items()
    ]
    return table(["op", "kind", "what it does"], rows)


def _operation(operation: Operation) -> str:
    op = operation.op
    found = _messages()
    request = found[f"{op}: full"]
    reply = found[f"{op}: ok" if operation.cut is None else f"{op}: ok, cut to fields"]
    parts = [
        f"### {op}",
        ("A mutation. " if operation.mutates else "A read. ") + about(operation.arguments),
        "**Arguments.**" + _after(_members(operation.arguments)),
        "**Result.**" + _after(_members(operation.result, given=False)),
        "**Errors** beside those of any request"
        + (" and any mutation" if operation.mutates else "")
        + "."
        + _after(_refusals(operation.errors)),
        "**Example.** The request, in JSON and in hex:",
        json_block(request),
        hex_block(request.frame),
        "Its reply:",
        json_block(reply),
        hex_block(reply.frame),
    ]
    return "\n\n".join(parts)


@cache
def _messages() -> dict[str, Vector]:
    """Requests and replies by name."""
    return {vector.name: vector for vector in (*vectors.requests(), *vectors.replies())}


def _after(block: str) -> str:
    """A block that follows a bold word. A table begins on a new line."""
    return f"\n\n{block}" if block.startswith("|") else f" {block}"


def _named_types() -> Iterator[type[msgspec.Struct]]:
    """The messages that are nested in other messages, each once, in the order of their first occurrence."""
    todo = [kind for operation in OPERATIONS.values() for kind in (operation.arguments, operation.result)]
    todo += get_args(Event)
    seen: set[type[msgspec.Struct]] = set()
    while todo:
        for field in types.fields_of(todo.pop(0)):
            for kind in types.within(field.type):
                if kind not in seen and kind is not envelope.EventFrame:
                    seen.add(kind)
                    todo.append(kind)
                    yield kind


def _type(kind: type[msgspec.Struct]) -> str:
    given = kind in (torrent_commands.AddTorrent.Rules, desired.TorrentOptions)
    return f"### {types.anchor(kind)}\n\n{about(kind)}\n\n{_members(kind, given=given)}"


def _event_types() -> str:
    rows = []
    for kind in get_args(Event):
        type_ = str(kind.__struct_config__.tag)
        rows.append([f"[`{type_}`](#event-{type_.replace('_', '-')})", _topic(kind), summary(kind)])
    return table(["type", "topic", "when"], rows)


def _topic(kind: type[msgspec.Struct]) -> str:
    type_ = str(kind.__struct_config__.tag)
    fields = {field.name: field for field in types.fields_of(kind)}
    if kind in get_args(LatestEvent) or "torrent" not in fields:
        return f"`{envelope.topic_of(type_, '<torrent>' if kind is Progress else None)}`"
    with_torrent = f"`{envelope.topic_of(type_, '<torrent>')}`"
    return with_torrent if fields["torrent"].required else f"{with_torrent} or `{envelope.topic_of(type_, None)}`"


def _event(event: Event) -> str:
    kind = type(event)
    type_ = str(kind.__struct_config__.tag)
    [vector] = [vector for vector in vectors.events() if vector.name == type_]
    assert vector.topic is not None
    members = _members(kind, given=False, without=("torrent",))
    parts = [
        f'### <a id="event-{type_.replace("_", "-")}"></a>event `{type_}`',
        about(kind),
        f"Topic: {_topic(kind)}. **Data.**" + _after(members),
        f"**Example.** The topic frame is `{vector.topic}`, the second frame:",
        json_block(vector),
        hex_block(vector.frame),
    ]
    return "\n\n".join(parts)
