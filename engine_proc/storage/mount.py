"""The storage guard's record of a mount: free space, waiting torrents, and the last reports. Pure."""

from collections.abc import Callable, Container, Iterable
from typing import Final

from engine_proc.storage import storage_policy
from engine_proc.storage.questions import NEVER
from engine_proc.storage.storage_policy import Action, Measured, Space, WriteFailed
from engine_proc.storage.storage_watch import Look
from protocol.internal.link_events import StorageState

DISK_FULL: Final = "disk_full"
STORAGE_MISSING: Final = "storage_missing"

TELL_S: Final = 2.0
"""How long a report is delayed, because the state may still change."""


class Mount:
    """A mount point with torrents on it, or torrents that wait for it. Times are monotonic seconds.

    Fields:
        space: the state of the free space.
        held: the torrents that are paused because the disk is full.
        missing: the torrents that are not loaded because their files are missing. Each has a sentence about the
            problem.
        silent: whether the disk did not answer the last question in time.
        free_bytes: the free bytes at the last measurement; None if unknown.
        measure_at: the time of the next measurement of the free space. NEVER during a measurement; None if no
            measurement is needed.
        to_ask: checks of files, which the next tick requests together.
    """

    __slots__ = (
        "_news",
        "_told",
        "free_bytes",
        "held",
        "measure_at",
        "missing",
        "point",
        "silent",
        "space",
        "to_ask",
    )

    def __init__(self, point: str) -> None:
        self.point = point
        self.space = Space()
        self.held: set[str] = set()
        self.missing: dict[str, str] = {}
        self.silent = False
        self.free_bytes: int | None = None
        self.measure_at: float | None = None
        self.to_ask: list[Look] = []
        self._news: dict[str, float] = {}
        self._told: set[str] = set()

    # -- free space -----------------------------------------------------------------------------------------------

    def write_failed(self, now: float) -> bool:
        """Notes that a write found no space. Returns whether the caller has to hold the torrents on this mount from now
        on.
        """
        self.space, action = storage_policy.step(self.space, WriteFailed(), now)
        if action is not Action.HOLD:
            return False
        self.measure_at = now
        self.free_bytes = None
        self.note(DISK_FULL, now)
        return True

    def measured(self, measured: Measured, now: float) -> frozenset[str]:
        """Stores a measurement of the free space. Returns the torrents that are no longer held."""
        self.free_bytes = measured.free_bytes
        self.space, action = storage_policy.step(self.space, measured, now)
        return self.release(now) if action is Action.RELEASE else frozenset()

    def measure_soon(self, now: float) -> None:
        """Requests a measurement, because a client retries a held torrent."""
        self.space = storage_policy.hurried(self.space)
        self.measure_at = now

    def release(self, now: float) -> frozenset[str]:
        """Releases and returns all held torrents."""
        self.measure_at = None
        self.note(DISK_FULL, now)
        released, self.held = frozenset(self.held), set()
        return released

    def due_measurement(self, now: float) -> bool:
        """Whether to measure the free space now. If True, the measurement counts as in progress."""
        if self.measure_at is None or now < self.measure_at:
            return False
        self.measure_at = NEVER
        return True

    def forget_space(self, now: float) -> None:
        """Resets the state of the free space after an unmount, and releases all held torrents."""
        self.release(now)
        self.space = Space()

    # -- waiting torrents -----------------------------------------------------------------------------------------

    def hold(self, torrent: str, now: float) -> None:
        """Notes that a torrent waits for free space."""
        self.held.add(torrent)
        self.note(DISK_FULL, now)

    def unhold(self, torrent: str, now: float) -> None:
        """Notes that a torrent does not wait for free space."""
        if torrent in self.held:
            self.held.discard(torrent)
            self.note(DISK_FULL, now)

    def miss(self, torrent: str, problem: str, now: float) -> None:
        """Notes that a torrent waits for its files."""
        self.missing[torrent] = problem
        self.note(STORAGE_MISSING, now)

    def found(self, torrent: str, now: float) -> None:
        """Notes that a torrent no longer waits for its files."""
        self.missing.pop(torrent, None)
        self.note(STORAGE_MISSING, now)

    # -- reports --------------------------------------------------------------------------------------------------

    def note(self, problem: str, now: float) -> None:
        """Notes that the state of a problem may have changed. The state will be reported."""
        self._news.setdefault(problem, now)

    @property
    def has_news(self) -> bool:
        """Whether a report may be due now or later."""
        return bool(self._news)

    def due_news(self, now: float, *, settled: bool) -> list[str]:
        """The problems to report now. From now on they count as reported.

        Args:
            settled: whether no torrent is being checked.
        """
        known = {DISK_FULL: self.free_bytes is not None, STORAGE_MISSING: settled}
        due = [problem for problem, since in self._news.items() if known[problem] or now - since >= TELL_S]
        for problem in due:
            del self._news[problem]
        return due

    def state(self, problem: str, *, mounted: bool) -> StorageState | None:
        """The complete state of a problem: all torrents that wait.

        If no torrent waits, the state says that the problem is over. None if the problem was never reported.
        """
        full = problem == DISK_FULL and self.space.full
        if problem == STORAGE_MISSING:
            torrents = sorted(self.missing)
            message = self.missing[torrents[0]] if torrents else ""
        else:
            torrents = sorted(self.held) if full else []
            message = f"no space left on {self.point}: free some space; then the torrent continues by itself"
        if torrents or full:
            self._told.add(problem)
        elif problem in self._told:
            self._told.discard(problem)
            message = ""
        else:
            return None
        return StorageState(
            mount_point=self.point,
            problem=problem,
            message=message,
            torrents=torrents,
            free_bytes=self.free_bytes or 0,
            whole=full or (bool(torrents) and (not mounted or self.silent)),
        )

    def times(self) -> Iterable[float]:
        """The times of the next measurement and reports; empty if none is due."""
        if self.to_ask:
            yield 0.0
        if self.measure_at is not None and self.measure_at != NEVER:
            yield self.measure_at
        for since in self._news.values():
            yield since + TELL_S


class MountRecords:
    """The records of all mount points with torrents on them, or torrents that wait for them."""

    def __init__(self) -> None:
        self._mounts: dict[str, Mount] = {}

    def at(self, mount_point: str) -> Mount:
        """The record of a mount point."""
        mount = self._mounts.get(mount_point)
        if mount is None:
            mount = self._mounts[mount_point] = Mount(mount_point)
        return mount

    def all(self) -> Iterable[Mount]:
        """All records."""
        return self._mounts.values()

    def unhold(self, torrent: str, now: float) -> None:
        """Notes that a torrent does not wait for free space on any mount."""
        for mount in self._mounts.values():
            mount.unhold(torrent, now)

    def measure_soon(self, torrent: str, now: float) -> None:
        """Requests a measurement of the file system on which a torrent is held."""
        for mount in self._mounts.values():
            if torrent in mount.held:
                mount.measure_soon(now)

    def missing(self) -> list[str]:
        """The torrents whose files are missing."""
        return [torrent for mount in self._mounts.values() for torrent in mount.missing]

    def read(self, mounted: Container[str], now: float) -> None:
        """Updates the records by the mount points that are mounted now."""
        for mount in self._mounts.values():
            if mount.space.full and mount.point not in mounted:
                mount.forget_space(now)

    def states(self, mounted: Container[str], settled: Callable[[], bool], now: float) -> list[StorageState]:
        """The states to report now.

        Args:
            mounted: the mount points that are mounted.
            settled: returns whether no torrent is being checked.
        """
        news = [mount for mount in self._mounts.values() if mount.has_news]
        if not news:
            return []
        calm = settled()
        states = (
            mount.state(problem, mounted=mount.point in mounted)
            for mount in news
            for problem in mount.due_news(now, settled=calm)
        )
        return [state for state in states if state is not None]

    def next_due(self) -> float | None:
        """The time of the next measurement or report; None if none is due."""
        return min((at for mount in self._mounts.values() for at in mount.times()), default=None)
