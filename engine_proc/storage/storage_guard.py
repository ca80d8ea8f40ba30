"""The storage guard: decides which torrents wait for their mount, or for free space.

The guard sends questions to the storage watch, and applies the storage policy to the answers. The results are
*decisions* for the dispatcher. The guard never changes a torrent itself. It has a record of each torrent and mount
point.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from engine_proc.events.translator import AlertTranslator
from engine_proc.resume.pieces import Examined
from engine_proc.storage import storage_policy
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
    unanswered,
)
from engine_proc.storage.free_space import FreeSpace
from engine_proc.storage.homes import Home, Homes
from engine_proc.storage.mount import MountRecords
from engine_proc.storage.questions import NEVER, Kind, Looking, Question, Questions
from engine_proc.storage.storage_policy import Missing, Outside, Present, Verdict
from engine_proc.storage.storage_watch import (
    After,
    FilesSeen,
    LeftSeen,
    Look,
    MountsRead,
    Probe,
    SpaceSeen,
    StorageWatch,
)
from engine_proc.storage.storage_watch import Probed as ProbeSeen
from engine_proc.storage.torrent_storage import TorrentStorage, Waiting
from protocol.host.mounts import Mounts
from protocol.internal.bounds import Bounds
from protocol.internal.link_events import StorageState
from protocol.wire.desired import DesiredTorrent

PATIENCE_S: Final = 5.0
"""If a disk does not answer for this many seconds, it counts as missing until it answers."""

SUSPICION_S: Final = 5.0
"""The minimum interval between checks of a torrent whose reads fail."""


class StorageGuard:
    """Decides which torrents of one engine wait for storage.

    Fields:
        bounds: the directories in which payload may be stored.
        homes: the mounts of paths.

    Args:
        watch: checks disks.
        translator: knows how many bytes torrents still have to download.
        emit: sends an event to the supervisor.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        watch: StorageWatch,
        translator: AlertTranslator,
        emit: Callable[[StorageState], None],
        clock: Callable[[], float],
    ) -> None:
        self._watch = watch
        self._translator = translator
        self._emit = emit
        self._clock = clock
        self.bounds = Bounds()
        self.homes = Homes(watch.mounts)
        self._torrents: dict[str, TorrentStorage] = {}
        self._mounts = MountRecords()
        self._space = FreeSpace(self._mounts, self._torrents, translator, clock)
        self._questions = Questions()
        self._suspected_at: dict[str, float] = {}
        """By torrent with an error: when the torrent's files were last checked. This time limits the rate of checks."""
        self._coming_back: set[str] = set()
        """Torrents that are being unloaded, and may be checked again soon."""

    def set_bounds(self, bounds: Bounds) -> None:
        """Sets the bounds. Before the first call, payload may not be stored in any directory."""
        self.bounds = bounds

    def set_covered(self, directories: Iterable[str]) -> None:
        """Sets the directories that the sandbox makes writable. Called just after the sandbox is entered."""
        self.homes.cover(directories)

    # -- desired state, and waiting torrents ----------------------------------------------------------------------

    def effective(self, desired: DesiredTorrent) -> DesiredTorrent:
        """The effective desired state. If the torrent would write to a full file system, it is paused."""
        torrent = desired.torrent
        self._record(torrent).desired = desired
        mount = self._mounts.at(self.homes.of(desired.save_path).mount_point)
        if not mount.space.full:
            return desired
        if not self._translator.incomplete(torrent):
            self._mounts.unhold(torrent, self._clock())
        elif torrent not in mount.held and not desired.paused:
            mount.hold(torrent, self._clock())
        return msgspec.structs.replace(desired, paused=True) if torrent in mount.held else desired

    def wanted(self, torrent: str) -> DesiredTorrent | None:
        """The last desired state of a torrent, before `effective` changed it."""
        record = self._torrents.get(torrent)
        return None if record is None else record.desired

    def waits(self, desired: DesiredTorrent) -> bool:
        """Stores a torrent's desired state. Returns whether the torrent has to wait for its storage."""
        record = self._torrents.get(desired.torrent)
        if record is None or record.waiting is None:
            return False
        record.desired = desired
        return True

    def miss(self, desired: DesiredTorrent, examined: Examined | None, verdict: Missing) -> None:
        """Notes that a torrent is not loaded, and waits for its storage."""
        torrent, record = desired.torrent, self._record(desired.torrent)
        self.stop_waiting(torrent)
        record.desired = desired
        kept = None if examined is None else examined._replace(parsed=None)
        record.waiting = Waiting(kept, verdict.mount_point)
        self._mounts.unhold(torrent, self._clock())
        self._mounts.at(verdict.mount_point).miss(torrent, verdict.problem, self._clock())

    def stop_waiting(self, torrent: str) -> None:
        """Notes that a torrent no longer waits: its storage is available, or it is being removed."""
        record = self._torrents.get(torrent)
        if record is not None and record.waiting is not None:
            self._mounts.at(record.waiting.mount_point).found(torrent, self._clock())
            record.waiting = None

    def write_failed(self, torrent: str) -> list[Decision]:
        """Handles a failed write: there was no free space."""
        return self._reconsider(self._space.write_failed(torrent))

    def measure_anew(self, torrent: str) -> None:
        """Requests a measurement of the free space that a torrent waits for. If it suffices, `Reconsider` follows."""
        self._mounts.measure_soon(torrent, self._clock())

    def discard(self, torrent: str) -> None:
        """Removes the record of a torrent."""
        self.unloaded(torrent)
        self._coming_back.discard(torrent)
        self._mounts.unhold(torrent, self._clock())
        self.stop_waiting(torrent)
        self._torrents.pop(torrent, None)

    def unloaded(self, torrent: str) -> None:
        """Notes that a torrent is being unloaded. Its mount is kept."""
        self._coming_back.add(torrent)
        self._suspected_at.pop(torrent, None)
        for kind in (Kind.LOOK, Kind.CONFINE, Kind.PROBE):
            self._questions.withdraw(kind, torrent)
        record = self._torrents.get(torrent)
        if record is not None and record.waiting is not None:
            record.waiting = record.waiting._replace(anew=False)

    # -- questions to disks ---------------------------------------------------------------------------------------

    def inspect(self, desired: DesiredTorrent, examined: Examined | None, *, loaded: bool = False) -> Verdict | None:
        """Checks whether a torrent's data exists. Returns None if a check of the disk is needed. Then `Judged` follows.

        Args:
            loaded: whether the torrent is in the session. If so, a missing answer has no consequence.
        """
        torrent, home = desired.torrent, self.homes.of(desired.save_path)
        self._coming_back.discard(torrent)
        if examined is None or not (examined.claimed or examined.others):
            return self._judge(desired, home, examined, [])
        mount = self._mounts.at(home.mount_point)
        # A silent disk gets no time to answer. Otherwise other torrents would have to wait, too.
        until = NEVER if loaded else self._clock() + (0.0 if mount.silent else PATIENCE_S)
        token = self._questions.ask(Kind.LOOK, torrent, mount.point, until, Looking(desired, home, examined))
        mount.to_ask.append(Look(torrent, token, [file.path for file in examined.claimed], examined.others))
        return None

    def confine(self, subject: str | int, save_path: str, paths: Sequence[str], *, patient: bool = True) -> None:
        """Requests a check whether paths lead out of the download roots. `Confined` follows if the disk answers.

        Args:
            subject: identifies the check in `Confined`. Only the latest check of a subject is answered.
            save_path: the save path, which determines the disk.
            patient: waits without time limit. If False, a missing answer is reported as `problem`.
        """
        mount_point, token = self._ask(Kind.CONFINE, subject, save_path, patient=patient)
        self._mounts.at(mount_point).to_ask.append(Look(str(subject), token, (), paths))

    def look_after(self, torrent: str, save_path: str, paths: Sequence[str]) -> None:
        """Requests a check whether deleted files still exist. `Left` follows, even if the disk hangs."""
        mount_point, token = self._ask(Kind.LEFTOVERS, torrent, save_path)
        self._watch.look_after(mount_point, After(token, paths, save_path, list(self.homes.mounts)))

    def probe(self, torrent: str, save_path: str, paths: Sequence[str]) -> None:
        """Requests a check whether a torrent's files can be opened. `Probed` follows.

        The files of an incomplete torrent have to be writable. The files of a complete torrent have to be readable.
        """
        mount_point, token = self._ask(Kind.PROBE, torrent, save_path)
        self._watch.probe(mount_point, Probe(token, paths, self._translator.incomplete(torrent)))

    def _ask(self, kind: Kind, subject: str | int, save_path: str, *, patient: bool = False) -> tuple[str, int]:
        mount_point = self.homes.of(save_path).mount_point
        until = NEVER if patient else self._clock() + PATIENCE_S
        return mount_point, self._questions.ask(kind, subject, mount_point, until)

    def recheck(self, torrent: str) -> Decision | None:
        """Checks the storage of a waiting torrent again. The result is `Reconsider` or `StillMissing`."""
        record = self._torrents[torrent]
        desired, waiting = record.desired, record.waiting
        assert desired is not None
        assert waiting is not None, "it waits"
        if not self._questions.under_way(Kind.LOOK, torrent):
            verdict = self.inspect(desired, waiting.examined)
            if isinstance(verdict, Missing):
                return StillMissing(desired, verdict.problem)
            if verdict is not None:
                return Reconsider(desired)
        record.waiting = waiting._replace(anew=True)
        return None

    def looking(self, torrent: str) -> bool:
        """Whether a check of a torrent is pending. Then `Judged` or `Confined` follows."""
        return any(self._questions.under_way(kind, torrent) for kind in (Kind.LOOK, Kind.CONFINE))

    def suspect(self, torrent: str) -> bool:
        """Notes that a torrent's files caused an error. Returns whether they should be checked again."""
        now, record = self._clock(), self._torrents.get(torrent)
        if record is None or record.home is None or self._questions.under_way(Kind.LOOK, torrent):
            return False
        if now - self._suspected_at.get(torrent, -SUSPICION_S) < SUSPICION_S:
            return False
        self._suspected_at[torrent] = now
        return True

    def moved(self, torrent: str) -> bool:
        """Whether a torrent's path leads to another mount than at its last check."""
        record = self._torrents.get(torrent)
        return record is not None and record.has_moved(self.homes)

    # -- for the event loop ---------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while the watch has results."""
        return self._watch.fileno()

    def decisions(self) -> list[Decision]:
        """The decisions that follow from the results of the watch."""
        found: list[Decision] = []
        for sight in self._watch.seen():
            match sight:
                case MountsRead(mounts):
                    found += self._take_mounts(mounts)
                case SpaceSeen():
                    found += self._reconsider(self._space.measured(sight))
                case FilesSeen(token=token) | LeftSeen(token=token) | ProbeSeen(token=token):
                    if (question := self._questions.answered(token)) is not None:
                        found += self._take_answer(question, sight)
        return found

    def tick(self, now: float) -> list[Decision]:
        """Sends due questions to disks, reports changes, and ends questions whose deadline has passed."""
        for mount in self._mounts.all():
            if mount.to_ask:
                self._watch.inspect(mount.point, mount.to_ask, self.bounds)
                mount.to_ask = []
            if mount.due_measurement(now):
                self._watch.measure(mount.point)
        late = [decision for question in self._questions.overdue(now) if (decision := self._give_up(question))]
        for state in self._mounts.states(self.homes.mounts, self._settled, now):
            self._emit(state)
        return late

    def next_due(self) -> float | None:
        """The time of the next task for `tick`; None if there is none."""
        return self._mounts.next_due()

    def _settled(self) -> bool:
        """Whether all checks of torrents have ended, and no check is about to begin."""
        return not (self._questions.any_looks() or self._coming_back)

    # -- internals ------------------------------------------------------------------------------------------------

    def _record(self, torrent: str) -> TorrentStorage:
        record = self._torrents.get(torrent)
        if record is None:
            record = self._torrents[torrent] = TorrentStorage()
        return record

    def _judge(
        self,
        desired: DesiredTorrent,
        home: Home,
        examined: Examined | None,
        sizes: list[int | None],
        escape: Escape | None = None,
    ) -> Verdict:
        if escape is not None:
            self.stop_waiting(desired.torrent)
            return Outside(str(escape))
        record = self._torrents.get(desired.torrent)
        expected = (desired if record is None or record.home is None else record.home).mount_point
        if not self.homes.covers(desired.save_path):
            problem = f"this engine cannot reach {desired.save_path}: mount its disk, or wait if it is mounted"
            return storage_policy.unmounted(expected, home.mount_point) or Missing(home.mount_point, problem)
        verdict = storage_policy.judge(
            expected=expected,
            actual=home.mount_point,
            claimed=examined.claimed if examined is not None else [],
            sizes=sizes,
        )
        if isinstance(verdict, Present):
            self._record(desired.torrent).home = home
            self.stop_waiting(desired.torrent)
        return verdict

    def _give_up(self, question: Question) -> Decision | None:
        """Ends an unanswered question after its deadline. A torrent that waits for its storage continues to wait."""
        if question.kind is Kind.LOOK:
            record = self._torrents.get(str(question.subject))
            if record is not None and record.waiting is not None:
                return None
            self._mounts.at(question.mount_point).silent = True
        return unanswered(question)

    def _take_answer(self, question: Question, sight: FilesSeen | LeftSeen | ProbeSeen) -> list[Decision]:
        match sight, question.subject:
            case FilesSeen(escape=escape), subject if question.kind is Kind.CONFINE:
                return [Confined(subject, None if escape is None else str(escape))]
            case FilesSeen(sizes=sizes, escape=escape), str():
                assert question.looking is not None, "it is a look"
                return self._take_files(question.looking, sizes, escape)
            case LeftSeen(left=left), str(torrent):
                return [Left(torrent, left)]
            case ProbeSeen(problem=problem), str(torrent):
                return [Probed(torrent, problem)]
            case _:
                raise AssertionError("only sources have numbers, and of them it is only asked where they lead")

    def _take_files(self, looking: Looking, sizes: list[int | None], escape: Escape | None) -> list[Decision]:
        desired, home, examined = looking
        torrent = desired.torrent
        self._mounts.at(home.mount_point).silent = False
        if home != self.homes.of(desired.save_path):
            verdict = self.inspect(desired, examined)
            return [Judged(torrent, verdict)] if verdict is not None else []
        record = self._torrents.get(torrent)
        waiting = None if record is None else record.waiting
        verdict = self._judge(desired, home, examined, sizes, escape)
        if record is None or waiting is None:
            return [Judged(torrent, verdict)]
        assert record.desired is not None, "it waits"
        if not isinstance(verdict, Missing):
            return [Reconsider(record.desired)]
        record.waiting = waiting._replace(anew=False)
        return [StillMissing(record.desired, verdict.problem)] if waiting.anew else []

    def _take_mounts(self, mounts: Mounts) -> list[Decision]:
        changed = self.homes.read(mounts)
        self._mounts.read(mounts, self._clock())
        found: list[Decision] = []
        for torrent in self._mounts.missing():
            record = self._torrents[torrent]
            if record.waiting is None or record.desired is None or self._questions.under_way(Kind.LOOK, torrent):
                continue
            if isinstance(self.inspect(record.desired, record.waiting.examined), Present):
                found.append(Reconsider(record.desired))
        if changed:
            loaded = ((torrent, record) for torrent, record in self._torrents.items() if record.waiting is None)
            found += [Moved(torrent) for torrent, record in loaded if record.has_moved(self.homes)]
        return found

    def _reconsider(self, torrents: Iterable[str]) -> list[Decision]:
        return [Reconsider(desired) for torrent in torrents if (desired := self.wanted(torrent)) is not None]
