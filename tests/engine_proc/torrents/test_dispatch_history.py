"""The dispatcher over a session that fails at times: whatever happens in whatever order, each command is answered."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine_proc.session.alerts import (
    Alert,
    Conflict,
    Faulted,
    FileError,
    NativeState,
    PrioritiesSet,
    Selected,
    TorrentAdded,
    TorrentGone,
)
from engine_proc.session.session_port import NotSelected, TorrentFault
from engine_proc.torrents.applier import AGAIN_S
from engine_proc.torrents.dispatch import RETRY_S
from engine_proc.torrents.state.transitions import IN_PLACE, LEAVING, State
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import TorrentApplied, TorrentDropped
from protocol.wire.desired import DesiredTorrent, Selection
from tests.engine_proc.desk import RULES, Desk, changed
from tests.fakes.fake_session import FakeSession
from tools.rig.samples import PIECE_LENGTH

METHODS: Final = ("add", "set_paused", "set_limits", "set_selection", "unload", "remove", "paths", "flush", "layout")
SLOW: Final = Selection(exclude=("*.txt", "*.nfo"))
FILES: Final = {"a.bin": PIECE_LENGTH, "b.txt": PIECE_LENGTH}
BY_METAINFO: Final = 0
BY_MAGNET: Final = 1


class Faulty(FakeSession):
    """Fails once at each requested call, and evaluates slow rules later."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[str] = set()
        self.rules_known = False
        for name in METHODS:
            setattr(self, name, self._failing(name, getattr(self, name)))

    def _failing(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(subject: Any, *args: Any, **kwargs: Any) -> Any:
            torrent = subject.torrent if isinstance(subject, DesiredTorrent) else subject
            if name in self.failing:
                self.failing.discard(name)
                raise TorrentFault(torrent, f"{name} failed")
            desired = subject if name == "add" else args[0] if name == "set_selection" else None
            if desired is not None and desired.selection == SLOW and not self.rules_known:
                raise NotSelected(torrent)
            return method(subject, *args, **kwargs)

        return call


class History(RuleBasedStateMachine):
    """Commands, alerts, decisions and failures in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.session = Faulty()
        self.desk = Desk(self.root, self.session)
        self.deleted: list[str] = []
        self.desk.store.delete = self.deleted.append  # type: ignore[method-assign, assignment]  # ends when the test says
        self.revision = 0
        self.samples = [self.desk.sample.desired(), self.desk.sample.desired(by_magnet=True)]
        magnet = "2" * 40
        self.samples[BY_MAGNET] = DesiredTorrent(
            torrent=magnet, source="magnet", magnet=f"magnet:?xt=urn:btih:{magnet}", save_path=self.samples[0].save_path
        )
        self.wanted: dict[str, int | None] = {}
        """The revision of the last command; None if it was a removal."""

    @property
    def records(self) -> Any:
        return self.desk.dispatcher._records

    # -- commands ---------------------------------------------------------------------------------------------------

    @rule(
        which=st.sampled_from([BY_METAINFO, BY_MAGNET]),
        paused=st.sampled_from([False, False, True]),
        selection=st.sampled_from([Selection(), RULES, SLOW]),
        limit=st.sampled_from([0, 1000]),
        elsewhere=st.booleans(),
        afresh=st.booleans(),
    )
    def ensure(self, which: int, paused: bool, selection: Selection, limit: int, elsewhere: bool, afresh: bool) -> None:
        self.revision += 1
        desired = changed(
            self.samples[which],
            revision=self.revision,
            paused=paused,
            selection=selection,
            download_bps=limit,
            **({"save_path": "/elsewhere"} if elsewhere else {}),
        )
        self.wanted[desired.torrent] = self.revision
        (self.desk.dispatcher.retry if afresh else self.desk.dispatcher.ensure)(desired)

    @rule(which=st.sampled_from([BY_METAINFO, BY_MAGNET]), delete_files=st.booleans(), spared=st.booleans())
    def forget(self, which: int, delete_files: bool, spared: bool) -> None:
        desired = changed(self.samples[which], spared=("b.txt",) if spared else ())
        if self.wanted.get(desired.torrent) is not None:
            self.wanted[desired.torrent] = None
            command = DropTorrent(torrent=desired.torrent, delete_files=delete_files, desired=desired)
            self.desk.dispatcher.forget(command)

    @rule(
        which=st.sampled_from([BY_METAINFO, BY_MAGNET]),
        found=st.sampled_from([None, NativeState.DOWNLOADING, NativeState.SEEDING, NativeState.CHECKING_FILES]),
        saved=st.booleans(),
    )
    def verify(self, which: int, found: NativeState | None, saved: bool) -> None:
        torrent = self.samples[which].torrent
        self.desk.dispatcher.verify(torrent, "3" * 40)
        if found is not None:
            self.desk.dispatcher.state_changed(torrent, found)
        if saved:
            self.desk.dispatcher.resume_data_made(torrent)

    @rule(which=st.sampled_from([BY_METAINFO, BY_MAGNET]))
    def audit(self, which: int) -> None:
        self.desk.dispatcher.audit(self.samples[which].torrent)

    # -- what comes back --------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from([TorrentAdded, TorrentGone, PrioritiesSet]))
    def hold(self, kind: type[Alert]) -> None:
        self.session.hold(kind)

    @rule(kind=st.sampled_from([TorrentAdded, TorrentGone, PrioritiesSet]))
    def release(self, kind: type[Alert]) -> None:
        self.session.release(kind)

    @rule(method=st.sampled_from(METHODS))
    def fail(self, method: str) -> None:
        self.session.failing.add(method)

    @rule(which=st.sampled_from([BY_METAINFO, BY_MAGNET]))
    def reload(self, which: int) -> None:
        self.desk.dispatcher.unload(self.samples[which].torrent)

    @rule(which=st.sampled_from([BY_METAINFO, BY_MAGNET]))
    def conflict(self, which: int) -> None:
        self.desk.dispatcher.conflict(Conflict(self.samples[which].torrent, None, None, None))

    @rule(which=st.sampled_from([BY_METAINFO, BY_MAGNET]))
    def misread(self, which: int) -> None:
        torrent = self.samples[which].torrent
        if torrent in self.session.torrents():
            self.desk.dispatcher.alert_faulted(Faulted(torrent, "what it said is not known"))

    @rule(which=st.sampled_from([BY_METAINFO, BY_MAGNET]))
    def fail_a_file(self, which: int) -> None:
        self.desk.dispatcher.file_failed(FileError(self.samples[which].torrent, 5, "bad disk"))

    @rule()
    def receive_metadata(self) -> None:
        torrent = self.samples[BY_MAGNET].torrent
        if torrent in self.session.torrents() and FakeSession.layout(self.session, torrent) is None:
            self.session.receive_metadata(torrent, FILES)

    @rule()
    def know_rules(self) -> None:
        self.session.rules_known = True
        for desired in self.samples:
            self.desk.dispatcher.selected(Selected(desired.torrent, None))

    @rule()
    def find_rules_too_slow(self) -> None:
        for desired in self.samples:
            self.desk.dispatcher.selected(Selected(desired.torrent, "it took too long"))

    @rule(seconds=st.sampled_from([AGAIN_S, RETRY_S]))
    def tick(self, seconds: float) -> None:
        self.desk.now += seconds
        for decision in self.desk.guard.tick(self.desk.now):
            self.desk.dispatcher.decided(decision)
        self.desk.dispatcher.tick(self.desk.now)

    @rule()
    def delete(self) -> None:
        deleted, self.deleted[:] = list(self.deleted), []
        for torrent in deleted:
            self.desk.dispatcher.resume_deleted(torrent)

    # -- what holds -------------------------------------------------------------------------------------------------

    @invariant()
    def alerts_come_unless_they_are_held(self) -> None:
        """Not between an alert and its consequences."""
        self.desk.pump()

    @invariant()
    def the_records_agree_with_the_session(self) -> None:
        """A torrent that is in place is in the session, and no other."""
        there = self.session.torrents()
        for desired in self.samples:
            record = self.records.get(desired.torrent)
            state = State.ABSENT if record is None else record.state
            assert (desired.torrent in there) or state not in IN_PLACE
            if record is None:
                continue
            assert (record.removal is not None) == self.records.being_removed(desired.torrent)
            assert state in IN_PLACE or record.pending is not None or record.applied is not None
            assert record.pending is None or record.pending.again is None or state in LEAVING

    def teardown(self) -> None:
        """Without further failures, each torrent reaches the last requested state, and this is reported."""
        try:
            self.end()
        finally:
            self.desk.close()
            shutil.rmtree(self.root)

    def end(self) -> None:
        self.session.failing.clear()
        for kind in (TorrentAdded, TorrentGone, PrioritiesSet):
            self.session.release(kind)
        for _ in range(6):
            self.desk.pump()
            self.know_rules()
            for desired in self.samples:
                self.desk.dispatcher.state_changed(desired.torrent, NativeState.SEEDING)
                self.desk.dispatcher.resume_data_made(desired.torrent)
            self.tick(RETRY_S)
            self.delete()
        for torrent, revision in self.wanted.items():
            state = self.records.state(torrent)
            if revision is None:
                assert state is State.ABSENT
                assert self.records.get(torrent) is None
                assert torrent not in self.session.torrents()
                assert any(event.torrent == torrent for event in self.desk.heard(TorrentDropped))
                self.desk.said += [TorrentDropped(torrent=each) for each in self.wanted]
            else:
                assert state in (State.ABSENT, State.LOADED)
                told = [each.revision for each in self.desk.said if isinstance(each, TorrentApplied)]
                assert revision in told


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
