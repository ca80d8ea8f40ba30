import asyncio
from pathlib import Path

import pytest

from protocol.internal.link_events import (
    EngineEvent,
    FilesRestored,
    Heartbeat,
    MetadataKnown,
    SettingsApplied,
    SettingsRefused,
    StorageState,
    TorrentApplied,
    TorrentDropped,
    TrackerReport,
    TrackersKnown,
)
from protocol.internal.link_queries import FilesQueried, TrackersQueried
from protocol.internal.resume_events import FilePutAside, MetainfoDamaged, ResumeStoreState
from protocol.internal.watch_events import DataFailures, StuckIn, TorrentStuck
from protocol.wire.desired import TorrentOptions
from protocol.wire.events.event import MAX_EVENT_FILES
from protocol.wire.events.session_events import LimitsApplied, LimitsStale, Reconciled, SessionError
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FileEntry,
    FilesDiscovered,
    SelectionChanged,
    StateChanged,
    TorrentError,
)
from protocol.wire.metadata import KnownMetadata
from protocol.wire.peer_rows import TrackerStatus
from protocol.wire.rows import HindranceCause, TorrentState
from supervisor.engine.facts import MetadataLearned
from supervisor.engine.torrents.observer import engine_lost_events
from tests.supervisor.bench import Bench, bench
from tests.supervisor.samples import NOW_US, OTHER, V1, desired, progress, session_stats

FILES = [FileEntry(0, "n/a", 70, 4), FileEntry(1, "n/b", 130, 4)]
ABOUT_A_TORRENT: list[EngineEvent] = [
    progress(),
    TorrentApplied(torrent=V1, revision=1),
    MetadataKnown(torrent=V1, metadata=KnownMetadata(name="n", size=200, piece_length=16, files=2)),
    FilesDiscovered(torrent=V1, files=FILES),
    FilesRestored(
        torrent=V1, metadata=KnownMetadata(name="n", size=200, piece_length=16, files=len(FILES)), files=FILES
    ),
    StateChanged(torrent=V1, state=TorrentState.SEEDING, previous=TorrentState.QUEUED),
    Completed(torrent=V1, bytes_done=200),
    FileCompleted(torrent=V1, index=1),
    TorrentError(torrent=V1, name="storage", message="disk full", recoverable=True),
    ErrorCleared(torrent=V1),
    SelectionChanged(torrent=V1, selected=1, files=2),
]


def changed(state: TorrentState, previous: TorrentState = TorrentState.QUEUED) -> StateChanged:
    """An engine's report that a torrent's state changed."""
    return StateChanged(torrent=V1, state=state, previous=previous)


def types(on: Bench) -> list[str]:
    """The types of the published events."""
    return [type_ for type_, _ in on.told()]


def states(on: Bench) -> list[tuple[str, str]]:
    """The published changes of state: from what to what."""
    return [(data["previous"], data["state"]) for type_, data in on.told() if type_ == "state_changed"]


@pytest.mark.parametrize("event", ABOUT_A_TORRENT, ids=lambda event: type(event).__name__)
async def test_what_is_said_of_a_removed_torrent_interests_nobody(tmp_path: Path, event: EngineEvent) -> None:
    """Neither clients nor the snapshot; the engine's message counts as a sign of life."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(removal="keep_files"))
        on.observer.handle(event)
        assert types(on) == []
        assert not on.snapshot._torrents
        assert on.snapshot.engine_told_at is not None


@pytest.mark.parametrize("event", ABOUT_A_TORRENT, ids=lambda event: type(event).__name__)
async def test_every_event_of_a_torrent_makes_it_fresh(tmp_path: Path, event: EngineEvent) -> None:
    """Its row's age counts from then."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.observer.handle(event)
        assert on.snapshot.of(V1).told_at is not None


@pytest.mark.parametrize(
    "event",
    [
        Completed(torrent=V1, bytes_done=200),
        FileCompleted(torrent=V1, index=1),
        SelectionChanged(torrent=V1, selected=1, files=2),
        SessionError(name="listen", message="port in use"),
        LimitsApplied(torrent=V1, download_bps=1, upload_bps=2),
        LimitsStale(download_bps=1, upload_bps=2, message="other"),
        Reconciled(torrent=V1, what="w", done="d"),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_news_is_passed_on(tmp_path: Path, event: EngineEvent) -> None:
    """As the engine sent it, once."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.observer.handle(event)
        assert types(on) == [str(event.__struct_config__.tag)]


async def test_confirmed_settings_are_told_to_the_service(tmp_path: Path) -> None:
    """With the number of their configuration; requests that wait for their revision end, too."""
    async with bench(tmp_path) as on:
        applied = SettingsApplied(revision=3, config=2)
        on.observer.handle(applied)
        assert on.heard(SettingsApplied) == [applied]
        assert on.snapshot.settings_revision == 3
        assert types(on) == []


async def test_what_is_not_for_clients_is_not_passed_on(tmp_path: Path) -> None:
    """It goes to the part that needs it."""
    async with bench(tmp_path) as on:
        refusal = SettingsRefused(setting="x", message="y")
        for event in (
            Heartbeat(loops=1, native_age_ms=0),
            session_stats(),
            ResumeStoreState(problem="full"),
            ResumeStoreState(problem=None),
            refusal,
        ):
            on.observer.handle(event)
        assert types(on) == []
        assert on.snapshot.session == session_stats()
        assert [fact.problem for fact in on.heard(ResumeStoreState)] == ["full", None]
        assert on.heard(SettingsRefused) == [refusal]
        with pytest.raises(AssertionError):
            on.observer.handle(FilesQueried(token=1, bytes_done=None))
        with pytest.raises(AssertionError):
            on.observer.handle(TrackersQueried(token=1, trackers=None))


async def test_a_state_is_told_when_it_is_another(tmp_path: Path) -> None:
    """Relative to the state that clients know, whatever the engine reports; `queued` is not published."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        for state in ("queued", "checking", "downloading", "downloading", "queued", "downloading", "seeding"):
            on.observer.handle(changed(TorrentState(state), TorrentState.ERROR))
        assert states(on) == [("queued", "checking"), ("checking", "downloading"), ("downloading", "seeding")]
        assert on.snapshot.of(V1).state is TorrentState.SEEDING


async def test_waiting_in_the_queue_is_a_state(tmp_path: Path) -> None:
    """Of a torrent that the queue lets run. It does not count as active meanwhile."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(options=TorrentOptions(auto_managed=True)))
        for state in ("downloading", "queued", "queued", "downloading"):
            on.observer.handle(changed(TorrentState(state)))
            assert on.snapshot.totals.of(V1).active is (state == "downloading")
        assert states(on) == [("queued", "downloading"), ("downloading", "queued"), ("queued", "downloading")]


async def test_after_an_outage_the_same_state_is_told_again_to_those_who_heard_of_it(tmp_path: Path) -> None:
    """An interrupted torrent is back; a torrent that only seeded publishes nothing."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.catalogue.put(desired(OTHER))
        on.observer.handle(changed(TorrentState.DOWNLOADING))
        on.observer.handle(StateChanged(torrent=OTHER, state=TorrentState.SEEDING, previous=TorrentState.QUEUED))
        assert on.snapshot.engine_lost(NOW_US) == [V1]
        for _ in range(2):
            on.observer.handle(changed(TorrentState.DOWNLOADING))
            on.observer.handle(StateChanged(torrent=OTHER, state=TorrentState.SEEDING, previous=TorrentState.QUEUED))
        assert states(on)[2:] == [("downloading", "downloading")]


async def test_an_error_stays_until_it_is_over(tmp_path: Path) -> None:
    """It is ended by an event, or by a state without error."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        trouble = TorrentError(torrent=V1, name="storage", message="disk full", recoverable=True)
        on.observer.handle(changed(TorrentState.ERROR))
        on.observer.handle(trouble)
        assert on.snapshot.row(desired(), 0).error == "disk full"
        on.observer.handle(changed(TorrentState.DOWNLOADING))
        assert on.snapshot.row(desired(), 0).error is None
        on.observer.handle(trouble)
        on.observer.handle(ErrorCleared(torrent=V1))
        assert on.snapshot.row(desired(), 0).error is None
        assert types(on) == ["state_changed", "error", "state_changed", "error", "error_cleared"]


@pytest.mark.parametrize("name", ["add_failed", "damaged", "path_not_allowed"])
async def test_a_torrent_that_could_not_be_added_is_in_error(tmp_path: Path, name: str) -> None:
    """The engine has no state for it; its row has, with the cause."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.observer.handle(TorrentError(torrent=V1, name=name, message="bad", recoverable=False))
        row = on.snapshot.row(desired(), 0)
        assert (row.state, row.error) == (TorrentState.ERROR, "bad")
        assert types(on) == ["state_changed", "error"]


async def test_metadata_and_files_are_kept_whole_and_shown_in_part(tmp_path: Path) -> None:
    """A torrent may have more files than fit in an event; `list_files` has all of them."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        many = [FileEntry(number, f"n/{number}", 1, 4) for number in range(MAX_EVENT_FILES + 1)]
        on.observer.handle(
            MetadataKnown(torrent=V1, metadata=KnownMetadata(name="n", size=5, piece_length=16, files=len(many)))
        )
        on.observer.handle(FilesDiscovered(torrent=V1, files=many))
        (_, told) = on.told()[1]
        assert (len(told["files"]), told["truncated"]) == (MAX_EVENT_FILES, True)
        assert len(on.snapshot.files(V1) or []) == len(many)
        assert on.snapshot.detail(desired(), 0).files == len(many)
        on.observer.handle(FilesDiscovered(torrent=V1, files=FILES))
        assert on.told()[2][1] == {
            "files": [[0, "n/a", 70, 4], [1, "n/b", 130, 4]],
            "truncated": False,
            "torrent_paths": {},
        }


async def test_the_torrents_own_names_are_told_beside_those_on_the_disk(tmp_path: Path) -> None:
    """For the published files; `list_files` has all, also after a restart of the supervisor."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        many = [FileEntry(number, f"n/{number}", 1, 4) for number in range(MAX_EVENT_FILES + 1)]
        own = {"1": "n/0", str(MAX_EVENT_FILES): "n/1"}
        on.observer.handle(
            MetadataKnown(torrent=V1, metadata=KnownMetadata(name="n", size=5, piece_length=16, files=len(many)))
        )
        on.observer.handle(FilesDiscovered(torrent=V1, files=many, torrent_paths=own))
        assert on.told()[1][1]["torrent_paths"] == {"1": "n/0"}
        rows = on.snapshot.files(V1) or []
        assert {row.index: row.torrent_path for row in rows if row.torrent_path} == {1: "n/0", MAX_EVENT_FILES: "n/1"}
        on.observer.handle(
            FilesRestored(
                torrent=V1,
                metadata=KnownMetadata(name="n", size=5, piece_length=16, files=len(FILES)),
                files=FILES,
                torrent_paths=own,
            )
        )
        assert [row.torrent_path for row in on.snapshot.files(V1) or []] == [None, "n/0"]


async def test_what_is_restored_is_known_but_no_news(tmp_path: Path) -> None:
    """The record had everything but the files."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(metadata=KnownMetadata(name="n", size=200, piece_length=16, files=2)))
        on.observer.handle(
            FilesRestored(
                torrent=V1, metadata=KnownMetadata(name="n", size=200, piece_length=16, files=len(FILES)), files=FILES
            )
        )
        assert types(on) == []
        assert [row.path for row in on.snapshot.files(V1) or []] == ["n/a", "n/b"]
        assert on.snapshot.row(desired(), 0).name == "n"


@pytest.mark.parametrize("kept", [None, KnownMetadata(name="m", size=200, piece_length=16, files=2)])
async def test_what_rows_did_not_show_is_news_and_is_kept(tmp_path: Path, kept: KnownMetadata | None) -> None:
    """As with records of earlier versions: it is published once, and passed on to be written."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(metadata=kept))
        found = KnownMetadata(name="n", size=200, piece_length=16, files=2)
        for _ in range(2):
            on.observer.handle(
                FilesRestored(
                    torrent=V1,
                    metadata=KnownMetadata(name="n", size=200, piece_length=16, files=len(FILES)),
                    files=FILES,
                )
            )
        assert on.told() == [
            ("metadata_updated", {"name": "n", "size": 200, "piece_length": 16, "files": 2, "content": None}),
        ]
        assert on.heard(MetadataLearned) == [(V1, found), (V1, found)]
        await on.mutations.keep_metadata(V1, found)
        on.observer.handle(
            FilesRestored(
                torrent=V1, metadata=KnownMetadata(name="n", size=200, piece_length=16, files=len(FILES)), files=FILES
            )
        )
        assert len(on.heard(MetadataLearned)) == 2
        assert on.catalogue.torrents[V1].metadata == found
        assert on.catalogue.torrents[V1].revision == 1


async def test_a_confirmation_tells_those_who_wait_and_ends_the_restore(tmp_path: Path) -> None:
    """Once, with the last of them."""
    async with bench(tmp_path) as on:
        for torrent in (V1, OTHER):
            await on.catalogue.put(desired(torrent))
        on.restore.begin(2)
        on.restore.admit([V1, OTHER], seen=2)
        waiting = asyncio.ensure_future(on.waiters.applied(OTHER, 1))
        await asyncio.sleep(0)
        restored = []
        for torrent in (V1, OTHER, V1):
            on.observer.handle(TorrentApplied(torrent=torrent, revision=1))
            restored.append(on.restore.done)
        await waiting
        assert restored == [1, 2, 2]
        assert on.snapshot.present == {V1, OTHER}
        assert on.snapshot.of(V1).applied_revision == 1


async def test_a_torrent_that_is_removed_while_it_is_restored_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """It counts as done when the engine has released it."""
    async with bench(tmp_path) as on:
        for torrent in (V1, OTHER):
            await on.catalogue.put(desired(torrent))
        on.restore.begin(2)
        on.restore.admit([V1, OTHER], seen=2)
        await on.catalogue.put(desired(OTHER, removal="keep_files"))
        on.observer.handle(TorrentApplied(torrent=V1, revision=1))
        assert on.restore.done == 1
        dropped = asyncio.ensure_future(on.waiters.applied(OTHER, 1))
        await asyncio.sleep(0)
        on.observer.handle(TorrentDropped(torrent=OTHER))
        assert on.restore.done == 2
        await dropped


async def test_progress_is_kept_and_shown_to_those_who_asked(tmp_path: Path) -> None:
    """It has no number in the event log."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.observer.handle(progress(bytes_done=51))
        assert on.snapshot.row(desired(), 0).bytes_done == 51
        assert on.events.head == 0


def test_the_loss_of_an_engine_is_a_recoverable_error_of_each_torrent() -> None:
    """In the given order."""
    errors = [event for event in engine_lost_events([V1, OTHER]) if isinstance(event, TorrentError)]
    assert [(error.torrent, error.name, error.recoverable) for error in errors] == [
        (V1, "engine_lost", True),
        (OTHER, "engine_lost", True),
    ]
    assert engine_lost_events([]) == []


async def test_files_that_were_put_aside_are_passed_on(tmp_path: Path) -> None:
    """Also for a torrent that is being removed."""
    async with bench(tmp_path) as on:
        told = FilePutAside(torrent=V1, file=f"{V1}.torrent", what="damaged", done="put aside")
        on.observer.handle(told)
        assert on.heard(FilePutAside) == [told]
        damaged = MetainfoDamaged(torrent=V1, problem="flipped")
        on.observer.handle(damaged)
        assert on.heard(MetainfoDamaged) == [damaged]
        assert types(on) == []


def storage(*torrents: str, message: str = "m") -> StorageState:
    """An engine's report of a full disk, or of its end."""
    return StorageState(mount_point="/mnt", problem="disk_full", message=message, torrents=list(torrents), free_bytes=7)


async def test_a_file_system_in_trouble_is_told_once_and_shown_on_its_torrents(tmp_path: Path) -> None:
    """However many wait for it later; a removed torrent does not reappear."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.catalogue.put(desired(OTHER))
        gone = "f" * 40
        on.observer.handle(storage(V1, gone))
        on.observer.handle(changed(TorrentState.PAUSED))
        assert on.snapshot.row(desired(), 0).error == "m"
        on.observer.handle(storage(OTHER))
        assert on.snapshot.row(desired(), 0).error is None
        assert on.snapshot.row(desired(OTHER), 0).error == "m"
        on.observer.handle(storage(message=""))
        assert on.snapshot.row(desired(OTHER), 0).error is None
        [(_, data)] = [event for event in on.told() if event[0] == "session_error"]
        assert data["name"] == "disk_full"
        waits = ("error", {"name": "disk_full", "message": "m", "recoverable": True})
        told = [event for event in on.told() if event[0] in ("error", "error_cleared", "state_changed")]
        assert [(type_, data if type_ == "error" else None) for type_, data in told] == [
            waits,
            ("state_changed", None),  # which clears the error in a client's row
            waits,
            ("error_cleared", None),
            waits,
            ("error_cleared", None),
        ]
        assert gone not in on.snapshot._torrents
        assert len(on.heard(StorageState)) == 3


async def test_a_new_engine_finds_out_anew_what_waits(tmp_path: Path) -> None:
    """The previous engine's reports about file systems end, until the new one reports."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        await on.engine()
        on.observer.handle(storage(V1))
        await on.lose_engine()
        await on.keeper_restarted()
        await on.engine()
        assert on.snapshot.row(desired(), 0).error is None
        assert [state.message for state in on.heard(StorageState)] == ["m", ""]


async def test_a_refusal_that_is_over_is_told(tmp_path: Path) -> None:
    """Its row no longer shows it when waiting requests are answered."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.observer.handle(TorrentError(torrent=V1, name="call_failed", message="why", recoverable=False))
        on.observer.handle(TorrentApplied(torrent=V1, revision=1, problem="why"))
        row = on.snapshot.row(desired(), 0)
        assert (row.state, row.error, on.snapshot.of(V1).stopped) == (TorrentState.ERROR, "why", True)
        on.observer.handle(TorrentApplied(torrent=V1, revision=2))
        row = on.snapshot.row(desired(), 0)
        assert (row.state, row.error, on.snapshot.of(V1).stopped) == (TorrentState.QUEUED, None, False)
        assert [type_ for type_, _ in on.told()[-2:]] == ["error_cleared", "state_changed"]


async def test_trackers_that_fail_and_work_again(tmp_path: Path) -> None:
    """Once each, also after the engine's death; nothing is stored for an unknown torrent."""
    url = "http://t.example/announce"
    fails = TrackerReport(torrent=V1, url=url, works=False, message="refused", times=1)
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.observer.handle(TrackersKnown(trackers=[(url, 0)], torrents=[V1, OTHER]))
        on.observer.handle(fails)
        on.observer.handle(TrackerReport(torrent=OTHER, url=url, works=False, message="refused", times=1))
        on.snapshot.engine_lost(NOW_US)
        on.observer.handle(TrackersKnown(trackers=[(url, 0)], torrents=[V1]))
        on.observer.handle(fails)
        detail = on.snapshot.detail(on.catalogue.torrents[V1], 1.0)
        assert [(row.url, row.status, row.message) for row in detail.tracker_status] == [
            (url, TrackerStatus.ERROR, "refused")
        ]
        on.observer.handle(TrackerReport(torrent=V1, url=url, works=True))
        told = [data for type_, data in on.told() if type_ == "tracker_status"]
        assert [(data["status"], data["message"]) for data in told] == [("error", "refused"), ("working", "")]
        assert on.snapshot.trackers.rows(OTHER, 1.0) == []


async def test_rows_say_what_kind_of_error_stops_a_torrent(tmp_path: Path) -> None:
    """An error of the disk, or another one."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        for name, cause in (("storage", HindranceCause.DISK), ("call_failed", HindranceCause.ERROR)):
            on.observer.handle(TorrentError(torrent=V1, name=name, message="x", recoverable=False))
            on.observer.handle(changed(TorrentState.ERROR))
            found = on.snapshot.row(on.catalogue.torrents[V1], 1.0).hindrance
            assert found is not None
            assert (found.cause, found.message) == (cause, "x")


async def test_rows_say_what_does_not_move_and_which_data_was_bad(tmp_path: Path) -> None:
    """Until it moves, or the engine is lost; nothing is stored for an unknown torrent."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired())
        on.snapshot.engine_up = True
        on.observer.handle(TorrentApplied(torrent=V1, revision=1))
        on.observer.handle(changed(TorrentState.CHECKING))

        def cause() -> HindranceCause | None:
            found = on.snapshot.row(on.catalogue.torrents[V1], 1.0).hindrance
            return found.cause if found else None

        stuck = TorrentStuck(torrent=V1, what=StuckIn.CHECKING, since_s=600)
        on.observer.handle(stuck)
        assert cause() is HindranceCause.STUCK
        on.observer.handle(TorrentStuck(torrent=V1))
        assert cause() is None
        on.observer.handle(stuck)
        assert cause() is HindranceCause.STUCK
        on.snapshot.stuck.clear()
        assert cause() is None
        for torrent in (V1, OTHER):
            on.observer.handle(DataFailures(torrent=torrent, pieces=1, piece=3))
        on.observer.handle(TorrentStuck(torrent=OTHER, what=StuckIn.CHECKING))
        assert (on.snapshot.stuck.why(OTHER), on.snapshot.bad_data.report(OTHER)) == (None, None)
        detail = on.snapshot.detail(on.catalogue.torrents[V1], 1.0)
        assert detail.bad_data is not None
        assert detail.bad_data.last_piece == 3
        assert [fact for fact in on.heard(TorrentStuck) if fact.what] == [stuck, stuck]
