import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.internal.watch_events import StuckIn
from protocol.wire.events.torrent_events import ErrorCleared, StateChanged, StorageMoved, TorrentError, TorrentRemoved
from protocol.wire.rows import TorrentState
from supervisor.health.failing_trackers import LONG_S, FailingTrackers
from supervisor.health.torrent_troubles import TorrentTroubles, cause_of

A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)


def state(torrent: str, to: TorrentState) -> StateChanged:
    """An event for a test."""
    return StateChanged(torrent=torrent, state=to, previous=TorrentState.QUEUED)


def error(torrent: str, message: str = "file_open: Permission denied", name: str = "storage") -> TorrentError:
    """An event for a test."""
    return TorrentError(torrent=torrent, name=name, message=message, recoverable=False)


def name_of(torrent: str) -> str:
    """A name for a test."""
    return f"name of {torrent[0]}"


def test_torrents_in_error_are_counted_by_cause_and_the_first_three_named() -> None:
    """With the cause and the remedy; until the last of them has recovered."""
    troubles = TorrentTroubles("ouzel")
    for torrent in (A, B, C, D):
        troubles.handle(error(torrent))
        troubles.handle(state(torrent, TorrentState.ERROR))
    [(subject, text)] = troubles.changes(name_of).items()
    assert subject == "permission"
    assert text is not None
    assert text.startswith("4 torrents in error: ")
    assert "'name of a' (aaaaaaaa), 'name of b' (bbbbbbbb), 'name of c' (cccccccc) and 1 more" in text
    assert "chown -R ouzel" in text
    assert "ouzel resume" in text
    for torrent in (A, B):
        troubles.handle(state(torrent, TorrentState.SEEDING))
    troubles.handle(TorrentRemoved(torrent=C, delete_files=False))
    assert (troubles.changes(name_of)["permission"] or "").startswith("1 torrent in error: ")
    troubles.handle(state(D, TorrentState.PAUSED))
    assert troubles.changes(name_of) == {"permission": None}
    assert troubles.changes(name_of) == {}


def test_a_delayed_move_is_told_until_it_goes_on() -> None:
    """The torrent is queued meanwhile, so its state does not tell."""
    ends = (
        ErrorCleared(torrent=A),
        StorageMoved(torrent=A, save_path="/x"),
        state(A, TorrentState.SEEDING),
        TorrentRemoved(torrent=A, delete_files=False),
    )
    for end in ends:
        troubles = TorrentTroubles()
        troubles.handle(error(A, "/mnt/x is not mounted", name="move_delayed"))
        troubles.handle(state(A, TorrentState.QUEUED))
        text = troubles.changes(name_of)["move_delayed"] or ""
        assert text.startswith("1 torrent delayed: ")
        assert "/mnt/x is not mounted" in text
        troubles.handle(end)
        assert troubles.changes(name_of) == {"move_delayed": None}


def test_what_goes_on_by_itself_is_not_counted() -> None:
    """A lost engine is the engine's reason, and a disk is the disk's."""
    troubles = TorrentTroubles()
    for name in ("engine_lost", "disk_full", "storage_missing"):
        troubles.handle(error(A, name=name))
    troubles.handle(state(A, TorrentState.MISSING_STORAGE))
    assert troubles.changes(name_of) == {}


def test_a_quarantine_is_a_cause_of_its_own() -> None:
    """Also if it comes from a record."""
    troubles = TorrentTroubles()
    troubles.quarantined(A)
    troubles.handle(state(B, TorrentState.QUARANTINED))
    text = troubles.changes(name_of)["quarantined"]
    assert text is not None
    assert "2 torrents in quarantine" in text
    assert "ouzel release" in text


@pytest.mark.parametrize(
    ("name", "message", "cause"),
    [
        ("storage", "file_open (/d/x): Permission denied", "permission"),
        ("storage", "'/d': nothing can be made in it", "permission"),
        ("storage", "/d/x: Read-only file system", "read_only"),
        ("storage", "/d/x: Input/output error", "disk_failure"),
        ("storage", "(20 Not a directory) /d/x", "files_in_the_way"),
        ("storage", "(2 No such file or directory) /d/x", "missing"),
        ("storage", "something new", "storage"),
        ("path_not_allowed", "", "path_not_allowed"),
        ("a_name_of_later", "", "error"),
    ],
)
def test_a_message_shows_its_cause(name: str, message: str, cause: str) -> None:
    """In the wording of libtorrent and Ouzel."""
    assert cause_of(name, message) == cause


torrents = st.sampled_from([A, B, C])
events = (
    st.builds(state, torrents, st.sampled_from(TorrentState))
    | st.builds(error, torrents, st.sampled_from(["Permission denied", "odd"]))
    | st.builds(ErrorCleared, torrent=torrents)
    | st.builds(TorrentRemoved, torrent=torrents, delete_files=st.just(False))
)


@given(st.lists(st.tuples(events, st.booleans()), max_size=40))
def test_what_is_told_are_the_torrents_that_are_stopped(
    history: list[tuple[StateChanged | TorrentError | ErrorCleared | TorrentRemoved, bool]],
) -> None:
    """Whatever happened in between, and however often it was requested; each torrent has one cause."""
    troubles, last, told = TorrentTroubles(), dict[str, TorrentState](), dict[str, str]()
    for event, ask in [*history, (ErrorCleared(torrent=A), True)]:
        troubles.handle(event)
        if isinstance(event, StateChanged):
            last[event.torrent] = event.state
        elif isinstance(event, TorrentRemoved):
            last.pop(event.torrent, None)
        if ask:
            for subject, text in troubles.changes(name_of).items():
                told.pop(subject, None)
                if text is not None:
                    told[subject] = text
    stopped = [each for each, its in last.items() if its in (TorrentState.ERROR, TorrentState.QUARANTINED)]
    assert sum(int(text.split()[0]) for text in told.values()) == len(stopped)


def test_trackers_that_fail_for_an_hour_are_counted() -> None:
    """Not before, and no longer once one answers."""
    failing = FailingTrackers()
    failing.note(A, 0.0)
    failing.note(B, 10.0)
    failing.note(A, None)
    failing.note(A, 20.0)
    assert failing.problem(LONG_S, name_of) is None
    assert "of 1 torrents: 'name of b'" in (failing.problem(LONG_S + 10, name_of) or "")
    assert "of 2 torrents" in (failing.problem(LONG_S + 20, name_of) or "")
    failing.note(B, None)
    failing.note(A, 30.0)
    assert "of 1 torrents: 'name of a'" in (failing.problem(LONG_S + 20, name_of) or "")
    failing.note(A, None)
    assert failing.problem(2 * LONG_S, name_of) is None


def test_torrents_that_do_not_move_are_counted_by_what_does_not() -> None:
    """Until they move, or their state changes."""
    troubles = TorrentTroubles()
    troubles.stuck(A, StuckIn.CHECKING)
    troubles.stuck(B, StuckIn.METADATA)
    found = troubles.changes(name_of)
    assert set(found) == {"stuck_checking", "stuck_metadata"}
    assert (found["stuck_checking"] or "").startswith("1 torrent stuck: no more of them was checked")
    troubles.stuck(A, None)
    troubles.handle(state(B, TorrentState.DOWNLOADING))
    assert troubles.changes(name_of) == {"stuck_checking": None, "stuck_metadata": None}
    troubles.handle(error(C))
    troubles.handle(state(C, TorrentState.ERROR))
    troubles.stuck(C, None)
    assert list(troubles.changes(name_of)) == ["permission"]
