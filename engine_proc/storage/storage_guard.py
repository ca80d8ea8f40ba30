"""The storage guard: on which file system each torrent is, and which ones wait for their mount, or for room.

It asks the watch, has the policy decide, and hands the dispatcher *decisions*: it touches no torrent itself. Longer
than most files here: what holds a torrent and what keeps it out are asked of the same mounts, and told in the same way.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from engine_proc.process.log import log
from engine_proc.resume.pieces import Examined
from engine_proc.session.translator import AlertTranslator
from engine_proc.storage import storage_policy
from engine_proc.storage.confinement import Escape
from engine_proc.storage.leftovers import Leftover
from engine_proc.storage.storage_policy import Action, Measured, Missing, Outside, Present, Space, Verdict, WriteFailed
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
from protocol.host.mounts import Mounts, mount_point_of
from protocol.internal.bounds import Bounds
from protocol.internal.link import StorageState
from protocol.wire.desired import DesiredTorrent

TELL_S: Final = 2.0
"""How long what is told of a file system is held back while torrents are still being looked at."""

PATIENCE_S: Final = 5.0
"""A disk that does not answer for so long is one that is not there, until it answers."""

SUSPICION_S: Final = 5.0
"""A torrent whose reads fail is looked at no more often than this."""

DISK_FULL: Final = "disk_full"
STORAGE_MISSING: Final = "storage_missing"


class Judged(NamedTuple):
    """Decision: a torrent that was to be loaded is, or it waits."""

    torrent: str
    verdict: Verdict


class Confined(NamedTuple):
    """Decision: what `confine` was asked for. `problem` names a path that leads out of the download roots."""

    subject: str | int
    problem: str | None


class _Confining(NamedTuple):
    token: int
    until: float
    mount_point: str


class Moved(NamedTuple):
    """Decision: a loaded torrent's path leads elsewhere, or its files are gone: take it out, and judge it anew."""

    torrent: str


class Reconsider(NamedTuple):
    """Decision: what is asked of the torrent may be done by now, or not any more: ensure it again."""

    desired: DesiredTorrent


class Left(NamedTuple):
    """Decision: what is left of a torrent's files that were to be deleted."""

    torrent: str
    left: Sequence[Leftover]


class Probed(NamedTuple):
    """Decision: whether a torrent's files can be written, or read; what is wrong, in words."""

    torrent: str
    problem: str | None


class StillMissing(NamedTuple):
    """Decision: the storage of a torrent was looked for as `look_anew` asked, and is not there."""

    desired: DesiredTorrent
    problem: str


Decision = Judged | Confined | Moved | Reconsider | Left | Probed | StillMissing


class _Home(NamedTuple):
    """Where a torrent was when it was last loaded: on which mount point, and what was mounted there."""

    mount_point: str
    identity: str


class _Looking(NamedTuple):
    """A question to the watch: asked until when, about which torrent, when it was on which mount, by which claims."""

    token: int
    until: float
    desired: DesiredTorrent
    home: _Home
    examined: Examined


class _Waiting(NamedTuple):
    """A torrent that misses its storage."""

    desired: DesiredTorrent
    examined: Examined | None
    verdict: Missing


class StorageGuard:
    """One engine's.

    Args:
        watch: looks at disks.
        translator: knows what torrents lack.
        emit: takes what the supervisor is to hear.
        clock: monotonic seconds.
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
        self._bounds = Bounds()
        self._mounts: Mounts = watch.mounts
        self._covered: dict[str, _Home] = {}
        """The directories that the sandbox lets this process write below, and on which mount they were then."""
        self._tokens = itertools.count(1)
        self._desired: dict[str, DesiredTorrent] = {}
        self._homes: dict[str, _Home] = {}
        self._homes_by_path: dict[str, _Home] = {}
        self._looks: dict[str, _Looking] = {}
        self._confining: dict[str | int, _Confining] = {}
        self._after: dict[str, _Confining] = {}
        self._probing: dict[str, _Confining] = {}
        self._anew: set[str] = set()
        """Those that wait for their storage of which somebody wants to know whether they still do."""
        self._silent: set[str] = set()
        """Mount points that did not answer in time when they were asked last."""
        self._to_ask: defaultdict[str, list[Look]] = defaultdict(list)
        self._unloaded: set[str] = set()
        self._suspected_at: dict[str, float] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._spaces: defaultdict[str, Space] = defaultdict(Space)
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        self._measure_at: dict[str, float] = {}
        self._free: dict[str, int] = {}
        self._told: set[tuple[str, str]] = set()
        self._news: dict[tuple[str, str], float] = {}

    def set_bounds(self, bounds: Bounds) -> None:
        """Says where payload may be; before that it may be nowhere."""
        self._bounds = bounds

    def set_covered(self, directories: Iterable[str]) -> None:
        """Says where the sandbox lets this process write, as it has just been set; never said where there is none."""
        self._covered = {each: self._home_at(each) for each in directories}

    # -- what the dispatcher asks ---------------------------------------------------------------------------------

    def effective(self, desired: DesiredTorrent) -> DesiredTorrent:
        """What is to be done of what is desired: a torrent that would write to a full file system is paused."""
        torrent = desired.torrent
        self._desired[torrent] = desired
        mount_point = self._home_of(desired).mount_point
        if not self._spaces[mount_point].full:
            return desired
        held = self._held[mount_point]
        if not self._translator.incomplete(torrent):
            self._unhold(torrent)
        elif torrent not in held and not desired.paused:
            held.add(torrent)
            self._note(mount_point, DISK_FULL)
        return msgspec.structs.replace(desired, paused=True) if torrent in held else desired

    def wanted(self, torrent: str) -> DesiredTorrent | None:
        """What was desired last of a torrent, before it was made effective."""
        return self._desired.get(torrent)

    def waits(self, desired: DesiredTorrent) -> bool:
        """Whether a torrent misses its storage and is not to be loaded; remembers what is desired of it."""
        waiting = self._waiting.get(desired.torrent)
        if waiting is None:
            return False
        self._desired[desired.torrent] = desired
        self._waiting[desired.torrent] = waiting._replace(desired=desired)
        return True

    def look(self, desired: DesiredTorrent, examined: Examined | None, *, loaded: bool = False) -> Verdict | None:
        """Whether a torrent's data is there, and inside; None where the disk is asked first, and `Judged` follows.

        Args:
            loaded: it is in the session; a disk that does not answer changes nothing for it.
        """
        home = self._home_of(desired)
        self._unloaded.discard(desired.torrent)
        if examined is None or not (examined.claimed or examined.others):
            return self._judge(desired, home, examined, [])
        # Of a disk that is known to be silent nothing is waited for: others would wait for their turn behind.
        until = math.inf if loaded else self._clock() + (0.0 if home.mount_point in self._silent else PATIENCE_S)
        look = _Looking(next(self._tokens), until, desired, home, examined)
        self._looks[desired.torrent] = look
        paths = [file.path for file in examined.claimed]
        self._to_ask[home.mount_point].append(Look(desired.torrent, look.token, paths, examined.others))
        return None

    def confine(self, subject: str | int, save_path: str, paths: Sequence[str], *, patient: bool = True) -> None:
        """Has the disk asked whether paths lead out of the download roots; `Confined` follows, unless it hangs.

        Args:
            subject: what they are of, given back; the latest question about it is the one that is answered.
            save_path: which says on what disk they are.
            patient: it is waited for as long as it takes; otherwise a disk that does not answer is a problem.
        """
        mount_point, token = mount_point_of(save_path, self._mounts), next(self._tokens)
        self._confining[subject] = _Confining(token, math.inf if patient else self._clock() + PATIENCE_S, mount_point)
        self._to_ask[mount_point].append(Look(str(subject), token, (), paths))

    def look_after(self, torrent: str, save_path: str, paths: Sequence[str]) -> None:
        """Has the disk asked what is left of files that were to be deleted; `Left` follows, even if it hangs."""
        mount_point, token = mount_point_of(save_path, self._mounts), next(self._tokens)
        self._after[torrent] = _Confining(token, self._clock() + PATIENCE_S, mount_point)
        self._watch.look_after(mount_point, After(token, paths, save_path, list(self._mounts)))

    def probe(self, torrent: str, save_path: str, paths: Sequence[str]) -> None:
        """Has the disk asked whether a torrent's files can be written or, if it has all, read; `Probed` follows."""
        mount_point, token = mount_point_of(save_path, self._mounts), next(self._tokens)
        self._probing[torrent] = _Confining(token, self._clock() + PATIENCE_S, mount_point)
        self._watch.probe(mount_point, Probe(token, paths, self._translator.incomplete(torrent)))

    def look_anew(self, torrent: str) -> Decision | None:
        """Looks for the storage of a torrent that waits for it; `Reconsider` or `StillMissing` comes of it."""
        waiting = self._waiting[torrent]
        if torrent not in self._looks:
            verdict = self.look(waiting.desired, waiting.examined)
            if isinstance(verdict, Missing):
                return StillMissing(waiting.desired, verdict.problem)
            if verdict is not None:
                return Reconsider(waiting.desired)
        self._anew.add(torrent)
        return None

    def measure_anew(self, torrent: str) -> None:
        """Has the room measured that a torrent is held for; where there is some, `Reconsider` follows at once."""
        for mount_point, held in self._held.items():
            if torrent in held:
                self._spaces[mount_point] = storage_policy.hurried(self._spaces[mount_point])
                self._measure_at[mount_point] = self._clock()

    def looking(self, torrent: str) -> bool:
        """Whether the disk is being asked about a torrent: `Judged` or `Confined` follows."""
        return torrent in self._looks or torrent in self._confining

    def suspect(self, torrent: str) -> bool:
        """A torrent's files gave an error: whether they should be looked at again."""
        now = self._clock()
        if torrent in self._looks or now - self._suspected_at.get(torrent, -SUSPICION_S) < SUSPICION_S:
            return False
        self._suspected_at[torrent] = now
        return torrent in self._homes

    def moved(self, torrent: str) -> bool:
        """Whether a torrent's path leads to another mount than when it was judged."""
        home, desired = self._homes.get(torrent), self._desired.get(torrent)
        return home is not None and desired is not None and home != self._home_of(desired)

    def miss(self, desired: DesiredTorrent, examined: Examined | None, verdict: Missing) -> None:
        """A torrent is not loaded, and waits for its storage."""
        self._desired[desired.torrent] = desired
        kept = None if examined is None else examined._replace(parsed=None)
        self._waiting[desired.torrent] = _Waiting(desired, kept, verdict)
        self._unhold(desired.torrent)
        self._note(verdict.mount_point, STORAGE_MISSING)

    def stop_waiting(self, torrent: str) -> None:
        """A torrent waits no longer: its storage is there, or it is to be removed."""
        waiting = self._waiting.pop(torrent, None)
        if waiting is not None:
            self._note(waiting.verdict.mount_point, STORAGE_MISSING)

    def write_failed(self, torrent: str) -> list[Decision]:
        """A write of a torrent found no space."""
        home = self._homes.get(torrent)
        if home is None:
            return []
        mount_point, now = home.mount_point, self._clock()
        self._spaces[mount_point], action = storage_policy.step(self._spaces[mount_point], WriteFailed(), now)
        if action is not Action.HOLD:
            return [] if torrent in self._held[mount_point] else self._reconsider([torrent])
        log("info", "disk_ran_full", mount_point=mount_point, refills=self._spaces[mount_point].refills)
        self._measure_at[mount_point] = now
        self._free.pop(mount_point, None)
        self._note(mount_point, DISK_FULL)
        return self._reconsider(
            each for each, its in self._homes.items() if its == home and self._translator.incomplete(each)
        )

    def forget(self, torrent: str) -> None:
        """A torrent is gone for good."""
        self.unloaded(torrent)
        self._unloaded.discard(torrent)
        self._homes.pop(torrent, None)
        self._desired.pop(torrent, None)
        self._unhold(torrent)
        self.stop_waiting(torrent)

    def unloaded(self, torrent: str) -> None:
        """A torrent is being taken out of the session; where it was is remembered."""
        self._unloaded.add(torrent)
        self._looks.pop(torrent, None)
        self._confining.pop(torrent, None)
        self._probing.pop(torrent, None)
        self._anew.discard(torrent)
        self._suspected_at.pop(torrent, None)

    # -- what the loop asks ---------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """Readable while the watch has seen something."""
        return self._watch.fileno()

    def decisions(self) -> list[Decision]:
        """What follows from what the watch has seen."""
        found: list[Decision] = []
        for sight in self._watch.seen():
            match sight:
                case MountsRead(mounts):
                    found += self._take_mounts(mounts)
                case FilesSeen():
                    found += self._take_confined(sight) or self._take_files(sight)
                case LeftSeen(token, left):
                    found += self._take_left(token, left)
                case ProbeSeen(token, problem):
                    found += self._take_probed(token, problem)
                case SpaceSeen():
                    found += self._take_space(sight)
        return found

    def tick(self, now: float) -> list[Decision]:
        """Asks what is to be asked of disks, tells what is new, and waits for no disk longer than it should."""
        while self._to_ask:
            self._watch.look(*self._to_ask.popitem(), self._bounds)
        for mount_point, at in self._measure_at.items():
            if now >= at:
                self._measure_at[mount_point] = math.inf
                self._watch.measure(mount_point)
        late: list[Decision] = []
        for subject, asked in list(self._confining.items()):
            if asked.until <= now:
                del self._confining[subject]
                late.append(Confined(subject, f"{asked.mount_point} does not answer"))
        for torrent, asked in list(self._probing.items()):
            if asked.until <= now:
                del self._probing[torrent]
                late.append(Probed(torrent, f"{asked.mount_point} does not answer"))
        for torrent, asked in list(self._after.items()):
            if asked.until <= now:
                del self._after[torrent]
                late.append(Left(torrent, [Leftover(asked.mount_point, "it does not answer")]))
        for torrent, look in self._looks.items():
            if look.until <= now and torrent not in self._waiting:
                self._silent.add(look.home.mount_point)
                problem = f"{look.home.mount_point} does not answer: see its disk or server; the torrent goes on then"
                late.append(Judged(torrent, Missing(look.home.mount_point, problem)))
        for key, since in list(self._news.items()):
            known = key[0] in self._free if key[1] == DISK_FULL else not (self._looks or self._unloaded)
            if known or now - since >= TELL_S:
                del self._news[key]
                self._tell(*key)
        return late

    def next_due(self) -> float | None:
        """When `tick` has something to do."""
        if self._to_ask:
            return 0.0
        times = [*self._measure_at.values(), *(since + TELL_S for since in self._news.values())]
        return min((at for at in times if at != math.inf), default=None)

    # -- the inside -----------------------------------------------------------------------------------------------

    def _home_of(self, desired: DesiredTorrent) -> _Home:
        home = self._homes_by_path.get(desired.save_path)
        if home is None:
            home = self._homes_by_path[desired.save_path] = self._home_at(desired.save_path)
        return home

    def _home_at(self, path: str) -> _Home:
        mount_point = mount_point_of(path, self._mounts)
        return _Home(mount_point, self._mounts.get(mount_point, ""))

    def _is_covered(self, path: str) -> bool:
        """Whether the sandbox lets this process write at a path; not where something was mounted over a root since."""
        return not self._covered or any(
            path == each or path.startswith(each.rstrip("/") + "/")
            for each, home in self._covered.items()
            if home == self._home_at(each)
        )

    def _judge(
        self,
        desired: DesiredTorrent,
        home: _Home,
        examined: Examined | None,
        sizes: list[int | None],
        escape: Escape | None = None,
    ) -> Verdict:
        if escape is not None:
            self.stop_waiting(desired.torrent)
            return Outside(str(escape))
        if not self._is_covered(desired.save_path):
            problem = f"{desired.save_path} is out of this engine's reach now; another one takes over in a moment"
            return Missing(home.mount_point, problem)
        before = self._homes.get(desired.torrent)
        verdict = storage_policy.judge(
            expected=before.mount_point if before is not None else desired.mount_point,
            actual=home.mount_point,
            claimed=examined.claimed if examined is not None else [],
            sizes=sizes,
        )
        if isinstance(verdict, Present):
            self._homes[desired.torrent] = home
            self.stop_waiting(desired.torrent)
        return verdict

    def _take_mounts(self, mounts: Mounts) -> list[Decision]:
        changed = mounts != self._mounts
        self._homes_by_path.clear()
        self._mounts = mounts
        for mount_point in [point for point, space in self._spaces.items() if space.full and point not in mounts]:
            self._release(mount_point)
            del self._spaces[mount_point]
        found: list[Decision] = []
        for torrent, waiting in list(self._waiting.items()):
            if torrent not in self._looks and isinstance(self.look(waiting.desired, waiting.examined), Present):
                found.append(Reconsider(waiting.desired))
        if changed:
            found += [Moved(torrent) for torrent in self._homes if torrent not in self._waiting and self.moved(torrent)]
        return found

    def _take_confined(self, sight: FilesSeen) -> list[Decision]:
        for subject, asked in self._confining.items():
            if asked.token == sight.token:
                del self._confining[subject]
                return [Confined(subject, None if sight.escape is None else str(sight.escape))]
        return []

    def _take_left(self, token: int, left: Sequence[Leftover]) -> list[Decision]:
        for torrent, asked in self._after.items():
            if asked.token == token:
                del self._after[torrent]
                return [Left(torrent, left)]
        return []

    def _take_probed(self, token: int, problem: str | None) -> list[Decision]:
        for torrent, asked in self._probing.items():
            if asked.token == token:
                del self._probing[torrent]
                return [Probed(torrent, problem)]
        return []

    def _take_files(self, sight: FilesSeen) -> list[Decision]:
        torrent, token, sizes, escape = sight
        look = self._looks.get(torrent)
        if look is None or look.token != token:
            return []
        del self._looks[torrent]
        self._silent.discard(look.home.mount_point)
        if look.home != self._home_of(look.desired):
            verdict = self.look(look.desired, look.examined)
            return [Judged(torrent, verdict)] if verdict is not None else []
        waited = torrent in self._waiting
        verdict = self._judge(look.desired, look.home, look.examined, sizes, escape)
        if not waited:
            return [Judged(torrent, verdict)]
        anew = torrent in self._anew
        self._anew.discard(torrent)
        if isinstance(verdict, Missing):
            return [StillMissing(self._desired[torrent], verdict.problem)] if anew else []
        return [Reconsider(self._desired[torrent])]

    def _take_space(self, sight: SpaceSeen) -> list[Decision]:
        mount_point, now = sight.mount_point, self._clock()
        if mount_point not in self._measure_at:
            return []
        self._measure_at[mount_point] = now + storage_policy.LOOK_S
        if sight.free_bytes is None:
            return []
        self._free[mount_point] = sight.free_bytes
        lacking = sum(self._translator.lacking(torrent) for torrent in self._held[mount_point])
        measured = Measured(sight.free_bytes, sight.free_inodes, lacking)
        self._spaces[mount_point], action = storage_policy.step(self._spaces[mount_point], measured, now)
        if action is not Action.RELEASE:
            return []
        log("info", "disk_has_room", mount_point=mount_point, free_bytes=sight.free_bytes)
        return self._reconsider(self._release(mount_point))

    def _release(self, mount_point: str) -> set[str]:
        self._measure_at.pop(mount_point, None)
        self._note(mount_point, DISK_FULL)
        return self._held.pop(mount_point, set())

    def _reconsider(self, torrents: Iterable[str]) -> list[Decision]:
        return [Reconsider(self._desired[torrent]) for torrent in torrents if torrent in self._desired]

    def _unhold(self, torrent: str) -> None:
        for mount_point, held in self._held.items():
            if torrent in held:
                held.discard(torrent)
                self._note(mount_point, DISK_FULL)

    def _note(self, mount_point: str, problem: str) -> None:
        self._news.setdefault((mount_point, problem), self._clock())

    def _tell(self, mount_point: str, problem: str) -> None:
        """Says whole which torrents wait, on which mount point, for what; with none it is over."""
        key, free = (mount_point, problem), self._free.get(mount_point, 0)
        if problem == DISK_FULL:
            full = mount_point in self._spaces and self._spaces[mount_point].full
            torrents = sorted(self._held.get(mount_point, ())) if full else []
            message = f"no space left on {mount_point}: make room there; the torrent goes on by itself once there is"
        else:
            full = False
            waiting = {
                torrent: each for torrent, each in self._waiting.items() if each.verdict.mount_point == mount_point
            }
            torrents = sorted(waiting)
            message = waiting[torrents[0]].verdict.problem if waiting else ""
        if not (torrents or full) and key not in self._told:
            return
        if torrents or full:
            self._told.add(key)
        else:
            self._told.discard(key)
            message = ""
        whole = full or (bool(torrents) and (mount_point not in self._mounts or mount_point in self._silent))
        self._emit(
            StorageState(
                mount_point=mount_point,
                problem=problem,
                message=message,
                torrents=torrents,
                free_bytes=free,
                whole=whole,
            )
        )
