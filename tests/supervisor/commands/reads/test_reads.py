import time
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest

from protocol.internal.link_queries import CountersQueried, PeersQueried, PiecesQueried
from protocol.wire import codec
from protocol.wire.commands.kinds import EngineRead, PagedRead, SessionRead
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.session_events import Reconciled
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.metadata import KnownMetadata
from protocol.wire.operations import OPERATIONS, parse_command
from protocol.wire.reports import HealthStatus
from protocol.wire.results import Nothing
from protocol.wire.rows import DETAIL_FIELDS, ROW_FIELDS, TorrentState
from supervisor.commands.reads import engine_reads, reads
from supervisor.engine.torrents.observed.packed_files import Metadata
from supervisor.health.health import Severity
from tests.supervisor.bench import Bench, bench
from tests.supervisor.samples import OTHER, V1, V2, desired, progress, session_stats

READS: dict[str, dict[str, Any]] = {
    "hello": {},
    "ping": {},
    "health": {},
    "stats": {},
    "snapshot": {},
    "list_torrents": {},
    "get_torrent": {"torrent": V1},
    "list_files": {"torrent": V1},
    "replay": {"epoch": "epoch-1", "after_seq": 0},
}


def read(on: Bench, op: str, **args: Any) -> Any:
    """The answer to a read; a long one is decoded as by clients."""
    command: Any = parse_command(op, args)
    if not isinstance(command, PagedRead):
        return on.reads.answer(command)
    if isinstance(command, EngineRead | SessionRead):  # noqa: SIM108  # mypy narrows no type in the short form
        steps = on.engine_reads.steps(command)
    else:
        steps = on.reads.steps(command)
    try:
        while True:
            next(steps)
    except StopIteration as ended:
        return codec.decode(codec.encode(ended.value))


def refused(on: Bench, op: str, **args: Any) -> OuzelError:
    """The error of a refused read."""
    with pytest.raises(OuzelError) as error:
        read(on, op, **args)
    return error.value


async def with_three(on: Bench) -> None:
    """Three torrents, one of them downloading, one with a label."""
    for torrent in (desired(OTHER, labels=("tv",)), desired(V2), desired(V1)):
        await on.catalogue.put(torrent)
    on.snapshot.change_state(V1, TorrentState.DOWNLOADING)
    on.snapshot.of(V1).progress = progress()


def ids(answer: dict[str, Any]) -> list[str]:
    """The torrents in an answer."""
    return [row["torrent"] if isinstance(row, dict) else row.torrent for row in answer["torrents"]]


@pytest.mark.parametrize("op", READS)
async def test_every_read_is_answered_in_an_outage(tmp_path: Path, op: str) -> None:
    """Before the first engine, and after it was lost: from memory, at once."""
    async with bench(tmp_path) as on:
        await with_three(on)
        on.snapshot.of(V1).metadata = Metadata.of([FileEntry(0, "f", 1, 4)])
        read(on, op, **READS[op])
        await on.engine()
        read(on, op, **READS[op])
        await on.lose_engine()
        read(on, op, **READS[op])


async def test_hello_tells_who_is_there(tmp_path: Path) -> None:
    """With libtorrent's version once an engine has reported it."""
    async with bench(tmp_path) as on:
        answer = read(on, "hello")
        assert (answer.server, answer.version, answer.protocol) == ("ouzel", "9.9", 1)
        assert answer.libtorrent == ""
        assert answer.ops == list(OPERATIONS)
        assert answer.max_frame_bytes == 16 * 1024 * 1024
        await on.engine()
        assert read(on, "hello").libtorrent == "2.0"
        assert read(on, "ping") == Nothing()


async def test_torrents_are_listed_in_the_order_of_their_ids(tmp_path: Path) -> None:
    """Whatever the order of their addition; whole rows unless fields are named."""
    async with bench(tmp_path) as on:
        await with_three(on)
        answer = read(on, "list_torrents")
        assert ids(answer) == sorted([V1, OTHER, V2])
        assert answer["cursor"] is None
        assert set(answer["torrents"][0]) == ROW_FIELDS


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"ids": [V2, V1, V1, "d" * 40]}, [V1, V2]),
        ({"ids": []}, []),
        ({"state": "downloading"}, [V1]),
        ({"state": "queued"}, [OTHER, V2]),
        ({"label": "tv"}, [OTHER]),
        ({"label": "tv", "state": "downloading"}, []),
        ({"label": "TV"}, []),
    ],
)
async def test_filters_keep_what_meets_all_of_them(
    tmp_path: Path, filters: dict[str, Any], expected: list[str]
) -> None:
    """Unknown ids are left out."""
    async with bench(tmp_path) as on:
        await with_three(on)
        assert ids(read(on, "list_torrents", **filters)) == expected


async def test_fields_are_those_that_were_named(tmp_path: Path) -> None:
    """And the id; an unknown field is refused."""
    async with bench(tmp_path) as on:
        await with_three(on)
        rows = read(on, "list_torrents", fields=["state", "labels"], ids=[OTHER])["torrents"]
        assert rows == [{"torrent": OTHER, "state": TorrentState.QUEUED, "labels": ["tv"]}]
        assert read(on, "list_torrents", fields=[], ids=[OTHER])["torrents"] == [{"torrent": OTHER}]
        error = refused(on, "list_torrents", fields=["state", "colour"])
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.fields")
        assert "colour" in error.message


@pytest.mark.parametrize("op", ["list_torrents", "snapshot"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10])
async def test_pages_make_up_the_whole(tmp_path: Path, op: str, limit: int) -> None:
    """Each torrent once, also if one is removed or added between two pages."""
    async with bench(tmp_path) as on:
        everything = [f"{number:040x}" for number in range(7)]
        for torrent in everything:
            await on.catalogue.put(desired(torrent))
        seen: list[str] = []
        cursor, pages = None, 0
        while pages == 0 or cursor is not None:
            answer = read(on, op, cursor=cursor, limit=limit)
            assert len(answer["torrents"]) <= limit
            seen += ids(answer)
            cursor, pages = answer["cursor"], pages + 1
            on.catalogue.torrents.pop(seen[0], None)  # what was read already may be evicted
        assert seen == everything
        assert pages == -(-7 // limit)


async def test_a_snapshot_page_has_health_and_settings(tmp_path: Path) -> None:
    """Settings are the configuration's unless a client has changed them."""
    async with bench(tmp_path) as on:
        answer = read(on, "snapshot")
        assert (answer["torrents"], answer["cursor"]) == ([], None)
        assert answer["settings"] == {"download_bps": 1000, "upload_bps": 500}
        assert answer["health"]["status"] == HealthStatus.STARTING


async def test_health_tells_of_the_engine_and_of_what_is_wrong(tmp_path: Path) -> None:
    """Its generation, its pid while there is one, its restarts, and the progress of the restore."""
    async with bench(tmp_path) as on:
        await with_three(on)
        before = read(on, "health")
        assert (before.engine.state, before.engine.pid, before.engine.gen) == ("idle", None, 0)
        assert before.engine.uptime_ms == 0
        await on.engine()
        on.health.report("storage", "x", "full", severity=Severity.DEGRADING, now_us=5)
        running = read(on, "health")
        assert (running.engine.state, running.engine.pid, running.engine.gen) == ("running", on.child.pid, 1)
        assert (running.engine.restarts, running.restore.total) == (0, 3)
        assert running.status is HealthStatus.DEGRADED
        assert [(reason.component, reason.since_us) for reason in running.reasons] == [("storage", 5)]
        await on.lose_engine()
        lost = read(on, "health")
        assert (lost.engine.state, lost.engine.pid, lost.engine.gen) == ("backing_off", None, 1)
        await on.keeper_restarted()
        again = read(on, "health")
        assert (again.engine.gen, again.engine.restarts) == (2, 1)


async def test_stats_have_the_roots_without_an_engine(tmp_path: Path) -> None:
    """In the order of the configuration, before their space is known. The first one is the default save path."""
    async with bench(tmp_path) as on:
        found = read(on, "stats")
        assert [root.path for root in found.roots] == [str(tmp_path / "one"), str(tmp_path / "two")]


async def test_stats_count_torrents_and_measure_processes(tmp_path: Path) -> None:
    """Zeros if there is no process; the session's age says how old its figures are."""
    async with bench(tmp_path) as on:
        await with_three(on)
        stats = read(on, "stats")
        assert stats.torrents == {"downloading": 1, "queued": 2}
        assert (stats.session.downloaded, stats.session.age_ms) == (0, None)
        assert stats.supervisor.rss_bytes > 0
        assert stats.supervisor.fds > 0
        assert (stats.engine.rss_bytes, stats.engine.cpu_ms, stats.engine.fds) == (0, 0, 0)
        engine = await on.engine()
        await engine.tell(session_stats())
        while on.snapshot.session is None:
            await on.turn()
        stats = read(on, "stats")
        assert (stats.session.download_bps, stats.session.listen_port) == (1000, 6881)
        assert stats.session.age_ms is not None
        assert stats.engine.rss_bytes > 0


async def test_a_torrent_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    """Including one that is being removed."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(removal="keep_files"))
        for op in ("get_torrent", "list_files", "list_trackers", "list_web_seeds", "list_peers", "piece_map"):
            error = refused(on, op, torrent=V1)
            assert (error.kind, error.field) == (ErrorKind.UNKNOWN_TORRENT, "args.torrent")
        assert ids(read(on, "list_torrents")) == []
        assert not on.snapshot._torrents


async def test_a_torrent_that_is_removed_while_its_files_are_read(tmp_path: Path) -> None:
    """Nothing of it remains in the snapshot."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        files = [FileEntry(number, f"f{number}", 1, 4) for number in range(3 * engine_reads.FILES_STEP)]
        on.snapshot.of(V1).metadata = Metadata.of(files)
        command: Any = parse_command("list_files", {"torrent": V1})
        steps = on.engine_reads.steps(command)
        next(steps)
        on.snapshot.discard(V1)
        try:
            while True:
                next(steps)
        except StopIteration as ended:
            assert len(ended.value["files"]) == engine_reads.FILES_STEP
        assert on.snapshot.state_of(V1) is None


async def test_peers_and_pieces_are_those_of_the_latest_answer(tmp_path: Path) -> None:
    """Before one, there are no peers, and there is no map; metadata comes first."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        assert read(on, "list_peers", torrent=V1) == {"peers": [], "connected": 0, "age_ms": None}
        assert refused(on, "piece_map", torrent=V1).kind is ErrorKind.NO_METADATA
        await on.catalogue.put(desired(metadata=KnownMetadata(name="n", size=9, piece_length=1, files=1)))
        assert refused(on, "piece_map", torrent=V1).kind is ErrorKind.ENGINE_UNAVAILABLE
        then = time.monotonic() - 0.5
        on.snapshot.answers.store(V1, PeersQueried(token=1, peers=[], connected=7), then)
        answer = PiecesQueried(token=2, pieces=9, have=b"\1\0", availability=b"123456789")
        on.snapshot.answers.store(V1, answer, then)
        peers = read(on, "list_peers", torrent=V1)
        assert (peers["peers"], peers["connected"], peers["age_ms"] >= 500) == ([], 7, True)
        pieces = read(on, "piece_map", torrent=V1)
        assert (pieces["pieces"], pieces["have"], pieces["availability"]) == (9, b"\1\0", b"123456789")
        assert pieces["age_ms"] >= 500
        on.snapshot.discard(V1)
        assert read(on, "list_peers", torrent=V1)["age_ms"] is None


async def test_counters_are_those_of_the_latest_answer(tmp_path: Path) -> None:
    """Before one, they are refused."""
    async with bench(tmp_path) as on:
        assert refused(on, "get_counters").kind is ErrorKind.ENGINE_UNAVAILABLE
        answer = CountersQueried(token=1, counters={"a": 1}, age_ms=100)
        on.face.readings.latest_counters = answer, time.monotonic() - 0.5
        found = read(on, "get_counters")
        assert found["counters"] == {"a": 1}
        assert found["age_ms"] >= 600


async def test_files_are_paged(tmp_path: Path) -> None:
    """An invalid cursor is refused; one beyond the end is an empty last page."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        assert refused(on, "list_files", torrent=V1).kind is ErrorKind.NO_METADATA
        files = [FileEntry(number, f"f{number}", 1, 4) for number in range(5)]
        on.snapshot.of(V1).metadata = Metadata.of(files)
        seen, cursor = [], None
        for _ in range(3):
            answer = read(on, "list_files", torrent=V1, limit=2, cursor=cursor)
            seen += [row["index"] for row in answer["files"]]
            cursor = answer["cursor"]
        assert (seen, cursor) == ([0, 1, 2, 3, 4], None)
        assert read(on, "list_files", torrent=V1, cursor="99")["files"] == []
        for bad in ("", "-1", "x", "1.5", "²", "9" * 30):
            error = refused(on, "list_files", torrent=V1, cursor=bad)
            assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.cursor")


async def test_replay_gives_the_events_as_they_went_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as fit in a reply, and at least one; `head` says whether there are more."""

    def replayed(**args: Any) -> list[dict[str, Any]]:
        answer = msgpack.unpackb(codec.encode(read(on, "replay", epoch="epoch-1", **args)))
        assert answer["head"] == on.events.head
        events: list[dict[str, Any]] = answer["events"]
        return events

    async with bench(tmp_path) as on:
        assert replayed(after_seq=0) == []
        for number in range(5):
            on.publisher.lifecycle(Reconciled(what=f"w{number}", done="x" * 1000))
        events = replayed(after_seq=1, limit=2)
        assert [event["seq"] for event in events] == [2, 3]
        assert events[0]["data"]["what"] == "w1"
        assert events[0] == msgpack.unpackb(on.events.frame(on.events.replay("epoch-1", 1, 1)[0]))
        monkeypatch.setattr(reads, "REPLAY_BYTES_MAX", 2500)
        assert [event["seq"] for event in replayed(after_seq=0)] == [1, 2]
        monkeypatch.setattr(reads, "REPLAY_BYTES_MAX", 1)
        assert [event["seq"] for event in replayed(after_seq=0)] == [1]
        monkeypatch.setattr(reads, "REPLAY_EVENTS_MAX", 3)
        monkeypatch.setattr(reads, "REPLAY_BYTES_MAX", 10**6)
        assert [event["seq"] for event in replayed(after_seq=1)] == [2, 3, 4]
        assert refused(on, "replay", epoch="epoch-0", after_seq=0).kind is ErrorKind.REPLAY_GONE
        assert refused(on, "replay", epoch="epoch-1", after_seq=6).kind is ErrorKind.REPLAY_GONE


async def test_members_of_the_details_are_listed_on_request(tmp_path: Path) -> None:
    """Each as `get_torrent` has it, beside members of the row; default rows have none of them."""
    async with bench(tmp_path) as on:
        await with_three(on)
        [listed] = read(on, "list_torrents", ids=[V1], fields=[*DETAIL_FIELDS, "state"])["torrents"]
        detail = msgspec.to_builtins(read(on, "get_torrent", torrent=V1))
        assert msgspec.to_builtins(listed) == {name: detail[name] for name in (*DETAIL_FIELDS, "torrent", "state")}
        assert not DETAIL_FIELDS & set(read(on, "list_torrents")["torrents"][0])
