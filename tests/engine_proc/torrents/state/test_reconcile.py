import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.torrents.state.reconcile import (
    Apply,
    Connect,
    Inform,
    Load,
    Recheck,
    Reload,
    SetPaused,
    SetSelection,
    Step,
    differences,
    steps,
)
from protocol.wire.desired import DEFAULT_OPTIONS, DesiredTorrent, Selection, TorrentOptions, TrackerEdits

FIRST = DesiredTorrent(torrent="a" * 40, source="metainfo", save_path="/srv")

torrents = st.builds(
    DesiredTorrent,
    torrent=st.just(FIRST.torrent),
    source=st.just(FIRST.source),
    save_path=st.sampled_from(["/srv", "/mnt"]),
    paused=st.booleans(),
    sequential=st.booleans(),
    selection=st.sampled_from([Selection(), Selection(include=("a",)), Selection(priorities={"0": 0})]),
    download_bps=st.integers(0, 2),
    upload_bps=st.integers(0, 2),
    peers=st.lists(st.sampled_from(["127.0.0.1:1", "127.0.0.1:2"]), unique=True),
    labels=st.lists(st.sampled_from("xy")),
    options=st.sampled_from(
        [
            DEFAULT_OPTIONS,
            TorrentOptions(max_uploads=3),
            TorrentOptions(auto_managed=True),
            TorrentOptions(auto_managed=True, force_start=True, dht=False),
        ]
    ),
    revision=st.integers(1, 3),
)


def perform(state: DesiredTorrent | None, step: Step) -> DesiredTorrent:
    """How a session carries out a step."""
    if isinstance(step, Load):
        assert state is None
        return step.desired
    assert state is not None
    match step:
        case Reload(desired):
            return msgspec.structs.replace(desired, peers=(*state.peers, *desired.peers))
        case Inform():
            return msgspec.structs.replace(state, metainfo_crc32=1)
        case SetPaused(paused):
            return msgspec.structs.replace(state, paused=paused)
        case Apply(members, _, desired):
            return msgspec.structs.replace(state, **{member: getattr(desired, member) for member in members})
        case SetSelection(desired):
            return msgspec.structs.replace(state, selection=desired.selection)
        case Connect(peers):
            return msgspec.structs.replace(state, peers=(*state.peers, *peers))
        case Recheck():
            raise AssertionError("nobody has asked for it")


def in_session(desired: DesiredTorrent) -> tuple[str, bool, bool, int, int, Selection, TorrentOptions]:
    """The part of a desired state that a session applies and can report."""
    return (
        desired.save_path,
        desired.paused,
        desired.sequential,
        desired.download_bps,
        desired.upload_bps,
        desired.selection,
        desired.options,
    )


@given(desired=torrents)
def test_what_is_not_loaded_is_loaded(desired: DesiredTorrent) -> None:
    """With everything desired, so that no further step is needed."""
    (step,) = steps(None, desired)
    assert isinstance(step, Load)
    assert step.desired == desired


@given(desired=torrents)
def test_equal_states_need_nothing(desired: DesiredTorrent) -> None:
    """So `EnsureTorrent` can be repeated at any time."""
    assert steps(desired, desired) == []


@given(applied=torrents, desired=torrents)
def test_steps_lead_to_what_is_desired_and_then_end(applied: DesiredTorrent, desired: DesiredTorrent) -> None:
    """From any state to any other; known peers stay known, and no further step is needed."""
    state = applied
    for step in steps(applied, desired):
        state = perform(state, step)
    assert in_session(state) == in_session(desired)
    assert set(state.peers) == set(applied.peers) | set(desired.peers)
    assert steps(state, desired) == []


@given(applied=torrents, desired=torrents)
def test_each_step_changes_something(applied: DesiredTorrent, desired: DesiredTorrent) -> None:
    """What is as desired is not changed."""
    state = applied
    for step in steps(applied, desired):
        after = perform(state, step)
        assert after != state or isinstance(step, SetPaused)  # the options have said before whether it is in the queue
        state = after


@given(applied=torrents, desired=torrents)
def test_nothing_is_fetched_that_is_not_wanted_any_more(applied: DesiredTorrent, desired: DesiredTorrent) -> None:
    """Pausing comes first; resuming comes last, after the selection."""
    found = steps(applied, desired)
    for index, step in enumerate(found):
        if isinstance(step, SetPaused):
            assert index == (0 if step.paused else len(found) - 1)


@given(found=torrents, desired=torrents)
def test_what_differs_is_told_where_there_is_something_to_do(found: DesiredTorrent, desired: DesiredTorrent) -> None:
    """Except for peers, which a session is only ever given: differences without steps would be reported for ever."""
    told = differences(found, msgspec.structs.replace(desired, peers=found.peers))
    assert bool(told) == bool(steps(found, msgspec.structs.replace(desired, peers=found.peers)))
    assert bool(told) == (in_session(found) != in_session(desired))


@given(found=torrents, desired=torrents)
def test_a_repair_leaves_nothing_to_tell(found: DesiredTorrent, desired: DesiredTorrent) -> None:
    """However a session differs, the steps make it as desired, and the next check finds nothing."""
    state: DesiredTorrent = found
    for step in steps(found, desired):
        state = perform(state, step)
    assert differences(state, desired) == []


def test_what_the_session_does_not_carry_out_is_no_step() -> None:
    """Labels, names and revisions belong to the supervisor."""
    desired = msgspec.structs.replace(FIRST, labels=("x",), name="other", revision=2, added_us=1)
    assert steps(FIRST, desired) == []


def test_files_are_hashed_again_for_each_revision_that_asks_for_it() -> None:
    """That it is done causes no step, and no reported difference."""
    asked = msgspec.structs.replace(FIRST, recheck=2)
    assert steps(FIRST, asked) == [Recheck()]
    assert steps(asked, asked) == []
    assert steps(asked, msgspec.structs.replace(FIRST, recheck=3)) == [Recheck()]
    assert steps(asked, FIRST) == []
    assert differences(FIRST, asked) == []


def test_changed_trackers_and_web_seeds_are_applied_while_the_torrent_is_loaded() -> None:
    """Each by one call, and without a reload."""
    edited = msgspec.structs.replace(FIRST, tracker_edits=TrackerEdits(replaced=True), removed_web_seeds=("http://a/",))
    found = [step for step in steps(FIRST, edited) if isinstance(step, Apply)]
    assert [step.members for step in found] == [("web_seeds", "removed_web_seeds"), ("tracker_edits",)]
    assert len(steps(FIRST, edited)) == len(found)
    assert differences(FIRST, edited) == []
