"""The health reporter: receives problems from parts of the service, and publishes changes of the health."""

import re
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from protocol.internal.link_events import StorageState
from protocol.wire.events.session_events import HealthChanged, Reconciled
from protocol.wire.reports import HealthStatus
from supervisor.events.publisher import Publisher
from supervisor.health.health import Health, Severity, storage_message
from supervisor.health.torrent_troubles import named
from supervisor.log import logs
from supervisor.store.damage import MORE_UNREADABLE, Damage, DamagedFile

SESSION: Final = "session.json"
_NUMBER: Final = re.compile(r"\.[0-9]+$")
"""The number that distinguishes files of one name in `damaged/`."""


class HealthReporter:
    """Receives problems, and publishes changes of the health.

    Args:
        health: stores the problems.
        publisher: publishes to clients.
        log: logs damaged files.
        name_of: returns a torrent's name.
        roots: returns the download roots.
    """

    def __init__(
        self,
        health: Health,
        publisher: Publisher,
        log: logs.Logger,
        *,
        name_of: Callable[[str], str] = lambda torrent: torrent,
        roots: Callable[[], Sequence[str]] = lambda: ["/"],
    ) -> None:
        self._name_of = name_of
        self._roots = roots
        self._health = health
        self._publisher = publisher
        self._log = log
        self._damage = Damage()
        self._unreadable = Damage(MORE_UNREADABLE, "more files cannot be read")
        self._renewed: set[str] = set()
        """Torrents that were added or removed. Their files in `damaged/` are no longer reported."""
        self._storage: dict[tuple[str, str], tuple[str, bool]] = {}
        """By mount point and kind of problem: the text of the problem, and whether the problem affects all torrents."""
        self._told: tuple[HealthStatus, tuple[tuple[str, ...], ...]] | None = None

    def report(
        self, component: str, subject: str, problem: str | None, severity: Severity = Severity.DEGRADING
    ) -> None:
        """Sets a problem. None clears the problem."""
        self._health.report(component, subject, problem, severity=severity, now_us=time.time_ns() // 1000)
        self.publish()

    def publish(self) -> None:
        """Publishes the health if the status, the set of problems, or a severity has changed."""
        status, reasons = self._health.status, self._health.reasons
        key = (status, tuple((reason.component, reason.subject, reason.severity) for reason in reasons))
        if key == self._told:
            return
        self._told = key
        self._publisher.lifecycle(HealthChanged(status=status, reasons=reasons))

    def put_aside(self, file: DamagedFile) -> None:
        """Reports that a damaged file was put aside.

        The problem lasts until the file's torrent is removed or added again.
        """
        self._log.error("damaged_file", torrent=file.torrent, file=file.name, what=file.what, done=file.done)
        self._publisher.lifecycle(Reconciled(torrent=file.torrent, what=file.what, done=file.done))
        if not file.orphan:
            self._damage.add(file.name, _told(file), aside=file.is_put_aside)
            self._report_damage()

    def set_damaged(self, names: Collection[str], missed: Sequence[DamagedFile]) -> None:
        """Sets which files are in `damaged/`. `missed` are the files in `damaged/` that no other file has replaced."""
        self._damage.retain({_NUMBER.sub("", name) for name in names})
        for file in missed:
            if file.name not in self._damage and file.torrent not in self._renewed:
                self._damage.add(file.name, _told(file), aside=True)
        self._report_damage()

    def unreadable(self, name: str, problem: str | None) -> None:
        """Reports that a file of the resume directory, or data of a torrent, cannot be read.

        If `problem` is None, the data can be read again.
        """
        if problem is None:
            if name not in self._unreadable:
                return
            self._unreadable.remove(name)
        else:
            self._unreadable.add(name, problem)
        for subject, told in self._unreadable.changes().items():
            unreadable = subject if subject == MORE_UNREADABLE else f"{subject} unreadable"
            self.report("resume_dir", unreadable, told, _of_file(subject))

    def clear_torrent(self, torrent: str) -> None:
        """Clears the problems of a torrent's files, when the torrent was added or removed."""
        self._renewed.add(torrent)
        self.unreadable(torrent, None)
        self._damage.discard(torrent)
        self._report_damage()

    def storage(self, event: StorageState) -> None:
        """Sets which torrents wait for a file system. Each mount point has one reason in `health`.

        If the file system of a download root is full or missing, all torrents are affected. Otherwise only the waiting
        torrents are affected.
        """
        subject = (event.mount_point, event.problem)
        self._storage.pop(subject, None)
        if event.message:
            waiting = f": {named(event.torrents, self._name_of)}" if event.torrents else ""
            hinders = event.whole and self._has_root(event.mount_point)
            self._storage[subject] = (storage_message(event) + waiting, hinders)
        problems = [told for (point, _), told in self._storage.items() if point == event.mount_point]
        severity = Severity.DEGRADING if any(hinders for _, hinders in problems) else Severity.NOTED
        self.report("storage", event.mount_point, "; ".join(text for text, _ in problems) or None, severity)

    def _has_root(self, mount_point: str) -> bool:
        start = mount_point.rstrip("/") + "/"
        return any(root == mount_point or root.startswith(start) for root in self._roots())

    def _report_damage(self) -> None:
        for subject, problem in self._damage.changes().items():
            self.report("resume_dir", subject, problem, _of_file(subject))


def _of_file(name: str) -> Severity:
    """The severity of a file's problem. The session's file affects all torrents, and any other file affects one
    torrent.
    """
    return Severity.DEGRADING if name == SESSION else Severity.NOTED


def _told(file: DamagedFile) -> str:
    """The problem of a file that was put aside, and how to restore it."""
    way_back = "; `ouzel damaged list` says what can be restored" if file.is_put_aside else ""
    return f"{file.what}; {file.done}{way_back}"
