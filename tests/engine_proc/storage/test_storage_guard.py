"""The storage guard with a fake watch."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine_proc.events.translator import AlertTranslator
from engine_proc.resume.pieces import ClaimedFile, Examined
from engine_proc.session.alerts import NativeState, StatusUpdate
from engine_proc.storage.confinement import Escape
from engine_proc.storage.decisions import (
    Confined,
    Decision,
    Judged,
    Left,
    Moved,
    Probed,
    Reconsider,
    StillMissing,
)
from engine_proc.storage.leftovers import Leftover
from engine_proc.storage.mount import DISK_FULL, STORAGE_MISSING, TELL_S
from engine_proc.storage.storage_guard import PATIENCE_S, SUSPICION_S, StorageGuard
from engine_proc.storage.storage_policy import HEADROOM, LOOK_S, Missing, Outside, Present
from engine_proc.storage.storage_watch import (
    After,
    FilesSeen,
    LeftSeen,
    Look,
    MountsRead,
    Probe,
    Sight,
    SpaceSeen,
    StorageWatch,
)
from engine_proc.storage.storage_watch import Probed as ProbeSeen
from protocol.host.mounts import Mounts
from protocol.internal.bounds import Bounds
from protocol.internal.link_events import StorageState
from protocol.wire.desired import DesiredTorrent
from tests.engine_proc.events.test_translator import row

BOTH: Final = {"/": "1:1 /", "/disk": "2:1 /"}
NO_DISK: Final = {"/": "1:1 /"}


class PlayedWatch(StorageWatch):
    """Answers nothing by itself: it stores questions, and tests insert observations."""

    def __init__(self, mounts: Mounts) -> None:
        self.mounts = mounts
        self.looks: list[Look] = []
        self.afters: list[After] = []
        self.probes: list[Probe] = []
        self.measured: list[str] = []
        self.sights: list[Sight] = []

    def seen(self) -> list[Sight]:
        sights, self.sights = self.sights, []
        return sights

    def inspect(self, mount_point: str, looks: Sequence[Look], bounds: Bounds) -> None:
        self.looks += looks

    def look_after(self, mount_point: str, after: After) -> None:
        self.afters.append(after)

    def probe(self, mount_point: str, probe: Probe) -> None:
        self.probes.append(probe)

    def measure(self, mount_point: str) -> None:
        self.measured.append(mount_point)


class Guarded:
    """A guard, its watch, and its decisions."""

    def __init__(self, mounts: Mounts = BOTH) -> None:
        self.now = 1000.0
        self.watch = PlayedWatch(mounts)
        self.translator = AlertTranslator()
        self.said: list[StorageState] = []
        self.guard = StorageGuard(self.watch, self.translator, self.said.append, lambda: self.now)
        self.guard.set_bounds(Bounds(roots=["/"]))

    def tick(self, after_s: float = 0.0) -> list[Decision]:
        self.now += after_s
        return self.guard.tick(self.now)

    def see(self, *sights: Sight) -> list[Decision]:
        self.watch.sights += sights
        return self.guard.decisions()

    def answer(self, *sizes: int | None, escape: Escape | None = None) -> list[Decision]:
        """The latest check is answered."""
        self.tick()
        look = self.watch.looks.pop()
        return self.see(FilesSeen(look.torrent, look.token, list(sizes), escape))

    def loaded(self, desired: DesiredTorrent) -> None:
        """A torrent is loaded and was checked."""
        self.translator.loading(desired.torrent, complete=False)
        self.guard.effective(desired)
        assert self.guard.inspect(desired, None) == Present({})

    def told(self, problem: str) -> list[StorageState]:
        """The reports of a problem."""
        found = [state for state in self.said if state.problem == problem]
        self.said.clear()
        return found


def torrent(number: int = 0, *, save_path: str = "/disk/files", paused: bool = False) -> DesiredTorrent:
    """A torrent as desired."""
    name = f"{number:040x}"
    return DesiredTorrent(torrent=name, source="magnet", save_path=save_path, mount_point="/disk", paused=paused)


ONE: Final = torrent(1)
CLAIMED: Final = Examined([ClaimedFile(0, "/disk/files/a", 10)], 10, 10, 10)


# -- whether files are there ------------------------------------------------------------------------------------------


def test_a_torrent_that_claims_nothing_is_judged_at_once() -> None:
    """No disk is accessed; without its mount, it waits."""
    guarded = Guarded()
    assert guarded.guard.inspect(ONE, None) == Present({})
    without = Guarded(NO_DISK)
    assert isinstance(without.guard.inspect(ONE, None), Missing)


def test_the_disk_is_asked_for_claimed_files() -> None:
    """Truncated files are reported by number, and paths that lead outside are reported, too."""
    guarded = Guarded()
    assert guarded.guard.inspect(ONE, CLAIMED) is None
    assert guarded.guard.looking(ONE.torrent)
    assert guarded.answer(7) == [Judged(ONE.torrent, Present({0: 7}))]
    assert not guarded.guard.looking(ONE.torrent)
    guarded.guard.inspect(ONE, CLAIMED)
    [judged] = guarded.answer(escape=Escape("/disk/files/a", "/etc"))
    assert isinstance(judged, Judged)
    assert isinstance(judged.verdict, Outside)


def test_only_the_latest_look_is_answered() -> None:
    """The answer to an earlier check, or of an unloaded torrent, is ignored."""
    guarded = Guarded()
    guarded.guard.inspect(ONE, CLAIMED)
    guarded.tick()
    [first] = guarded.watch.looks
    guarded.guard.inspect(ONE, CLAIMED)
    assert guarded.see(FilesSeen(*first[:2], [10])) == []
    assert guarded.answer(10) == [Judged(ONE.torrent, Present({}))]
    guarded.guard.inspect(ONE, CLAIMED)
    guarded.guard.unloaded(ONE.torrent)
    assert guarded.answer(10) == []


def test_a_disk_that_does_not_answer_is_one_that_is_not_there() -> None:
    """Until it answers. A disk that is known to be silent is not waited for."""
    guarded = Guarded()
    guarded.guard.effective(ONE)
    guarded.guard.inspect(ONE, CLAIMED)
    assert guarded.tick() == []
    [late] = guarded.tick(PATIENCE_S)
    assert isinstance(late, Judged)
    assert isinstance(late.verdict, Missing)
    guarded.guard.miss(ONE, CLAIMED, late.verdict)
    assert guarded.tick() == []
    other = torrent(2)
    guarded.guard.inspect(other, CLAIMED)
    [late] = guarded.tick()
    assert isinstance(late, Judged)
    assert late.torrent == other.torrent
    guarded.tick(TELL_S)
    [state] = guarded.told(STORAGE_MISSING)
    assert (state.torrents, state.whole) == ([ONE.torrent], True)
    look = next(each for each in guarded.watch.looks if each.torrent == ONE.torrent)
    assert guarded.see(FilesSeen(*look[:2], [10])) == [Reconsider(ONE)]
    assert not guarded.guard.waits(ONE)


def test_a_torrent_that_is_loaded_waits_for_no_disk() -> None:
    """It continues, however long the answer takes."""
    guarded = Guarded()
    guarded.loaded(ONE)
    guarded.guard.inspect(ONE, CLAIMED, loaded=True)
    assert guarded.tick(100 * PATIENCE_S) == []
    assert guarded.answer(10) == [Judged(ONE.torrent, Present({}))]


def test_what_is_missing_goes_on_when_it_is_mounted() -> None:
    """Its report is ended, once."""
    guarded = Guarded(NO_DISK)
    verdict = guarded.guard.inspect(ONE, None)
    assert isinstance(verdict, Missing)
    guarded.guard.miss(ONE, None, verdict)
    assert guarded.guard.waits(ONE)
    guarded.tick(TELL_S)
    [state] = guarded.told(STORAGE_MISSING)
    assert (state.torrents, state.whole, "/disk is not mounted" in state.message) == ([ONE.torrent], True, True)
    assert guarded.see(MountsRead(NO_DISK)) == []
    assert guarded.see(MountsRead(BOTH)) == [Reconsider(ONE)]
    guarded.tick(TELL_S)
    [state] = guarded.told(STORAGE_MISSING)
    assert (state.torrents, state.message) == ([], "")


def test_a_loaded_torrent_whose_mount_changes_has_moved() -> None:
    """To another mount point, or to another file system at the same mount point; other torrents stay."""
    guarded = Guarded()
    elsewhere = torrent(2, save_path="/home/files")
    guarded.loaded(ONE)
    guarded.guard.effective(elsewhere)
    guarded.guard.inspect(elsewhere, None)
    assert guarded.see(MountsRead(NO_DISK)) == [Moved(ONE.torrent)]
    assert guarded.guard.moved(ONE.torrent)
    assert not guarded.guard.moved(elsewhere.torrent)
    assert guarded.see(MountsRead({**BOTH, "/disk": "3:1 /"})) == [Moved(ONE.torrent)]


def test_storage_is_looked_for_anew_where_somebody_asks() -> None:
    """The requester learns whether it is still missing; a check that finds no change is reported to nobody else."""
    guarded = Guarded()
    missing = Missing("/disk", "none of the files that were there")
    guarded.guard.miss(ONE, CLAIMED, missing)
    assert guarded.guard.recheck(ONE.torrent) is None
    assert guarded.guard.recheck(ONE.torrent) is None, "it is being looked at already"
    [decision] = guarded.answer(None)
    assert isinstance(decision, StillMissing)
    assert guarded.see(MountsRead(BOTH)) == []
    assert guarded.answer(None) == []
    guarded.guard.recheck(ONE.torrent)
    assert guarded.answer(10) == [Reconsider(ONE)]


def test_files_that_give_errors_are_looked_at_now_and_then() -> None:
    """For a torrent that was checked, and is not being checked."""
    guarded = Guarded()
    assert not guarded.guard.suspect(ONE.torrent)
    guarded.loaded(ONE)
    assert guarded.guard.suspect(ONE.torrent)
    assert not guarded.guard.suspect(ONE.torrent)
    guarded.now += SUSPICION_S
    assert guarded.guard.suspect(ONE.torrent)


# -- other questions --------------------------------------------------------------------------------------------------


def test_paths_are_confined() -> None:
    """For a torrent or a source; only a patient caller waits for a disk that hangs."""
    guarded = Guarded()
    guarded.guard.confine(7, "/disk", ["/disk/a"])
    assert guarded.answer() == [Confined(7, None)]
    guarded.guard.confine(ONE.torrent, "/disk", ["/disk/a"])
    assert guarded.guard.looking(ONE.torrent)
    [confined] = guarded.answer(escape=Escape("/disk/a", "/etc"))
    assert isinstance(confined, Confined)
    assert confined.problem is not None
    guarded.guard.confine(8, "/disk", ["/disk/a"])
    guarded.guard.confine(ONE.torrent, "/disk", ["/disk/a"], patient=False)
    assert guarded.tick(PATIENCE_S) == [Confined(ONE.torrent, "/disk does not answer")]
    assert guarded.tick(100 * PATIENCE_S) == []


def test_what_is_left_is_told_even_if_the_disk_hangs() -> None:
    """The result is then unknown."""
    guarded = Guarded()
    guarded.guard.look_after(ONE.torrent, "/disk", ["/disk/a"])
    [after] = guarded.watch.afters
    left = [Leftover("/disk/a", "busy")]
    assert guarded.see(LeftSeen(after.token, left)) == [Left(ONE.torrent, left)]
    assert guarded.see(LeftSeen(after.token, left)) == []
    guarded.guard.look_after(ONE.torrent, "/disk", ["/disk/a"])
    assert guarded.tick(PATIENCE_S) == [Left(ONE.torrent, [Leftover("/disk", "it does not answer")])]


def test_files_are_probed_as_the_torrent_needs_them() -> None:
    """For writing, if something is missing."""
    guarded = Guarded()
    guarded.loaded(ONE)
    guarded.guard.probe(ONE.torrent, "/disk", ["/disk/a"])
    [probe] = guarded.watch.probes
    assert probe.writing
    assert guarded.see(ProbeSeen(probe.token, "read-only")) == [Probed(ONE.torrent, "read-only")]
    guarded.guard.probe(ONE.torrent, "/disk", ["/disk/a"])
    assert guarded.tick(PATIENCE_S) == [Probed(ONE.torrent, "/disk does not answer")]


# -- room -------------------------------------------------------------------------------------------------------------


def test_a_full_disk_holds_what_lacks_something() -> None:
    """Paused and complete torrents are not held. Held ones continue once there is room."""
    guarded = Guarded()
    complete, paused = torrent(2), torrent(3, paused=True)
    for each in (ONE, complete, paused):
        guarded.loaded(each)
    guarded.translator.loading(complete.torrent, complete=True)
    assert guarded.guard.write_failed(ONE.torrent) == [Reconsider(ONE), Reconsider(paused)]
    assert guarded.guard.effective(ONE).paused
    assert not guarded.guard.effective(complete).paused
    assert guarded.guard.wanted(ONE.torrent) == ONE
    guarded.guard.effective(paused)
    guarded.tick()
    assert guarded.watch.measured == ["/disk"]
    assert guarded.see(SpaceSeen("/disk", 0, 1)) == []
    guarded.tick()
    [state] = guarded.told(DISK_FULL)
    assert (state.torrents, state.whole) == ([ONE.torrent], True)
    guarded.tick(LOOK_S)
    assert guarded.see(SpaceSeen("/disk", HEADROOM, 1)) == [Reconsider(ONE)]
    assert guarded.guard.effective(ONE) == ONE
    guarded.tick(TELL_S)
    [state] = guarded.told(DISK_FULL)
    assert (state.torrents, state.free_bytes) == ([], HEADROOM)


def test_a_torrent_that_lacks_little_needs_little_room() -> None:
    """The missing bytes of the held torrents count."""
    guarded = Guarded()
    guarded.loaded(ONE)
    guarded.translator.translate(StatusUpdate([row(NativeState.DOWNLOADING, 5, 10, torrent=ONE.torrent)]))
    guarded.guard.write_failed(ONE.torrent)
    guarded.guard.effective(ONE)
    guarded.tick(LOOK_S)
    assert guarded.see(SpaceSeen("/disk", 4, 1)) == []
    guarded.tick(LOOK_S)
    assert guarded.see(SpaceSeen("/disk", 5, 1)) == [Reconsider(ONE)]


def test_room_is_measured_at_once_where_somebody_says_so() -> None:
    """For example on `resume` of a held torrent."""
    guarded = Guarded()
    guarded.loaded(ONE)
    guarded.guard.write_failed(ONE.torrent)
    guarded.guard.effective(ONE)
    guarded.tick()
    guarded.see(SpaceSeen("/disk", HEADROOM, 1))
    guarded.guard.measure_anew(ONE.torrent)
    guarded.tick()
    assert guarded.see(SpaceSeen("/disk", HEADROOM, 1)) == [Reconsider(ONE)]


def test_a_full_disk_that_is_unmounted_holds_nobody() -> None:
    """The file system that is mounted there next has its own space."""
    guarded = Guarded()
    guarded.loaded(ONE)
    guarded.guard.write_failed(ONE.torrent)
    assert guarded.guard.effective(ONE).paused
    assert guarded.see(MountsRead(NO_DISK)) == [Moved(ONE.torrent)]
    guarded.see(MountsRead(BOTH))
    assert guarded.guard.effective(ONE) == ONE


# -- any history ------------------------------------------------------------------------------------------------------

NUMBERS: Final = st.integers(0, 3)


class History(RuleBasedStateMachine):
    """Questions and observations in any order, as from a dispatcher; the records are consistent after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.guarded = Guarded()
        self.guard = self.guarded.guard

    def take(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Judged(name, Missing() as verdict):
                    desired = self.guard.wanted(name)
                    if desired is not None and not self.guard.waits(desired):
                        self.guard.miss(desired, CLAIMED, verdict)
                case Reconsider(desired):
                    if not self.guard.waits(desired):
                        self.guard.effective(desired)
                case _:
                    pass

    @rule(number=NUMBERS, claims=st.booleans(), paused=st.booleans())
    def load(self, number: int, claims: bool, paused: bool) -> None:
        desired = torrent(number, paused=paused)
        if self.guard.waits(desired):
            return
        self.guarded.translator.loading(desired.torrent, complete=False)
        self.guard.effective(desired)
        verdict = self.guard.inspect(desired, CLAIMED if claims else None)
        if isinstance(verdict, Missing):
            self.guard.miss(desired, CLAIMED, verdict)

    @rule(number=NUMBERS)
    def look_anew(self, number: int) -> None:
        if self.guard.waits(torrent(number)) and (decision := self.guard.recheck(torrent(number).torrent)):
            self.take([decision])

    @rule(number=NUMBERS)
    def forget(self, number: int) -> None:
        self.guard.discard(torrent(number).torrent)
        self.guarded.translator.discard(torrent(number).torrent)

    @rule(number=NUMBERS)
    def unload(self, number: int) -> None:
        self.guard.unloaded(torrent(number).torrent)

    @rule(number=NUMBERS)
    def fail_a_write(self, number: int) -> None:
        self.take(self.guard.write_failed(torrent(number).torrent))

    @rule(mounts=st.sampled_from([BOTH, NO_DISK, {**BOTH, "/disk": "3:1 /"}]))
    def mount(self, mounts: Mounts) -> None:
        self.take(self.guarded.see(MountsRead(mounts)))

    @rule(sizes=st.sampled_from([[10], [None], [3]]), which=st.integers(0, 5))
    def answer(self, sizes: list[int | None], which: int) -> None:
        if self.guarded.watch.looks:
            look = self.guarded.watch.looks.pop(which % len(self.guarded.watch.looks))
            self.take(self.guarded.see(FilesSeen(look.torrent, look.token, sizes[: len(look.paths)])))

    @rule(free=st.sampled_from([0, HEADROOM, None]))
    def measure(self, free: int | None) -> None:
        self.take(self.guarded.see(SpaceSeen("/disk", free, 1)))

    @rule(seconds=st.sampled_from([0.0, LOOK_S, PATIENCE_S]))
    def tick(self, seconds: float) -> None:
        self.take(self.guarded.tick(seconds))

    @invariant()
    def the_records_agree(self) -> None:
        """A torrent waits on the mount that lists it, and is not held meanwhile; a removed torrent is in no record."""
        waiting = {
            name: record.waiting.mount_point
            for name, record in self.guard._torrents.items()
            if record.waiting is not None
        }
        listed = {name: mount.point for mount in self.guard._mounts.all() for name in mount.missing}
        assert waiting == listed
        for mount in self.guard._mounts.all():
            assert mount.held <= set(self.guard._torrents) - set(waiting)
            assert not mount.held or mount.space.full
            assert mount.space.full == (mount.measure_at is not None)

    def teardown(self) -> None:
        """The last report is true; when all torrents are removed, nothing waits."""
        self.take(self.guarded.tick(PATIENCE_S))
        self.guarded.tick(TELL_S)
        last = {(state.mount_point, state.problem): state.torrents for state in self.guarded.said}
        for mount in self.guard._mounts.all():
            assert last.get((mount.point, STORAGE_MISSING), []) == sorted(mount.missing)
            assert last.get((mount.point, DISK_FULL), []) == sorted(mount.held)
        for number in range(4):
            self.guard.discard(torrent(number).torrent)
        self.guarded.tick(TELL_S)
        assert not self.guard._torrents
        assert not any(mount.held or mount.missing for mount in self.guard._mounts.all())


TestHistory = History.TestCase
