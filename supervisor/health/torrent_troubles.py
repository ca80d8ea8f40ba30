"""Counts torrents with problems by cause for `health`. Pure.

The problems are errors, quarantine, no progress for long, and delayed moves. The counts are derived from the published
events, so they agree with rows. A torrent uses memory only while it has a problem. Each event takes constant time.
"""

from collections.abc import Callable
from itertools import islice
from typing import Final, NamedTuple

from protocol.internal.watch_events import StuckIn
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.torrent_events import (
    ErrorCleared,
    FilesRenamed,
    StateChanged,
    StorageMoved,
    TorrentError,
    TorrentRemoved,
)
from protocol.wire.rows import TorrentState

NAMED: Final = 3
"""The number of torrents that the problem's text names for each cause."""

NAME_MAX: Final = 60
SHORT_ID: Final = 8
QUARANTINED: Final = "quarantined"
DELAYED: Final = "move_delayed"
UNKNOWN: Final = "error"


class _Cause(NamedTuple):
    """The text of the problem for a cause, and the remedy."""

    what: str
    remedy: str


_RESUME: Final = "then `ouzel resume ID`"

_CAUSES: Final = {
    "permission": _Cause(
        "the user {user} may not read or write their files",
        "give the files and their directories to that user (chown -R {user}, chmod -R u+rwX), " + _RESUME,
    ),
    "read_only": _Cause(
        "their file system is read-only",
        f"mount it writable (mount -o remount,rw), or under systemd add it to ReadWritePaths=, {_RESUME}",
    ),
    "disk_failure": _Cause(
        "their disk fails (input/output error)",
        f"check the kernel's log and the disk's health, repair or replace it, {_RESUME}",
    ),
    "files_in_the_way": _Cause(
        "something else is in the place of their files or directories",
        f"move away what is there, {_RESUME}",
    ),
    "missing": _Cause(
        "their files or directories are gone, or cannot be made",
        "make sure that the directory exists and is {user}'s, " + _RESUME + ", which tries again and reports the cause",
    ),
    "storage": _Cause("their files cannot be used", f"fix the problem in the message, {_RESUME}"),
    "path_not_allowed": _Cause(
        "they would leave download_roots",
        f"remove the symbolic link that leads out, or add its target to download_roots, {_RESUME}",
    ),
    "files_overwritten": _Cause(
        "another torrent has overwritten their files",
        "remove one of the two, or `ouzel resume ID` to download the data again",
    ),
    "rules_too_slow": _Cause(
        "their patterns take too long to match", "select files by fewer or simpler patterns (`ouzel files`)"
    ),
    "damaged": _Cause(
        "their stored source is damaged",
        "see `ouzel damaged list`, or add the torrent again from its .torrent file or link",
    ),
    "unreadable": _Cause(
        "their stored data cannot be read", "fix the problem in the message; they recover by themselves"
    ),
    "invalid_metadata": _Cause(
        "their metadata has the right info-hash, and is no torrent", "remove them, they cannot be downloaded"
    ),
    "add_failed": _Cause("libtorrent refuses them", "remove them, and add them from another source"),
    "call_failed": _Cause(
        "the engine had an error with them and unloaded them", "`ouzel resume ID` tries again; if it recurs, report it"
    ),
    "stuck_checking": _Cause(
        "no more of them was checked for ten minutes, also after they were loaded again",
        "see whether their disk answers (`dmesg`, `iostat`); if it does, restart ouzeld",
    ),
    "stuck_metadata": _Cause(
        "peers are connected, and none has sent their metadata for ten minutes",
        "`ouzel peers ID` lists the peers, `ouzel ban` bans one; or add the .torrent files",
    ),
    DELAYED: _Cause(
        "the move of their files waits",
        "mount the disk, or move away what is in the way; it continues by itself",
    ),
    QUARANTINED: _Cause(
        "not loaded, since they crash the engine",
        "`ouzel crashes` has the reports; `ouzel release ID` loads one again",
    ),
    UNKNOWN: _Cause("see each", f"`ouzel show ID` has the cause; fix it, {_RESUME}"),
}

_WHERE: Final = {QUARANTINED: "in quarantine", DELAYED: "delayed"}

_STORAGE_WORDS: Final = (
    ("permission denied", "permission"),
    ("operation not permitted", "permission"),
    ("nothing can be made in it", "permission"),
    ("read-only file system", "read_only"),
    ("input/output error", "disk_failure"),
    ("is a directory", "files_in_the_way"),
    ("not a directory", "files_in_the_way"),
    ("file exists", "files_in_the_way"),
    ("no such file", "missing"),
)
"""Parts of the message of a storage error, in lower case. Each part has the cause that it shows."""

_TOLD_ELSEWHERE: Final = frozenset({"engine_lost", "storage_missing", "disk_full", "resume_rejected"})
"""Names of errors that are not counted. The torrent recovers by itself, or `storage` in `health` reports the error."""


def cause_of(name: str, message: str) -> str:
    """The cause that an error is counted under."""
    if name == "storage":
        words = message.lower()
        return next((cause for text, cause in _STORAGE_WORDS if text in words), name)
    return name if name in _CAUSES else UNKNOWN


class TorrentTroubles:
    """The torrents that need attention.

    Args:
        user: the user that the service runs as.
    """

    def __init__(self, user: str = "of ouzeld") -> None:
        self._user = user
        self._last: dict[str, tuple[str, str]] = {}
        """By torrent: the cause and the message of its last error. When the error is cleared, the entry is removed."""
        self._stopped: dict[str, str] = {}
        """By torrent in error or in quarantine: the cause of its count."""
        self._by_cause: dict[str, dict[str, None]] = {}
        self._told: frozenset[str] = frozenset()
        self._news = False

    def handle(self, event: LifecycleEvent) -> None:
        """Handles a published event."""
        match event:
            case TorrentError(torrent=torrent, name=name, message=message) if name not in _TOLD_ELSEWHERE:
                self._last[torrent] = (cause_of(name, message), message)
                if torrent in self._stopped or name == DELAYED:
                    self._count(torrent, self._last[torrent][0])
            case StateChanged(torrent=torrent, state=TorrentState.ERROR):
                self._count(torrent, self._last.get(torrent, (UNKNOWN, ""))[0])
            case StateChanged(torrent=torrent, state=TorrentState.QUARANTINED):
                self._count(torrent, QUARANTINED)
            case StateChanged(torrent=torrent, state=TorrentState.QUEUED) if self._stopped.get(torrent) == DELAYED:
                pass  # in this state its files are moved
            case StateChanged(torrent=torrent) | TorrentRemoved(torrent=torrent):
                self._last.pop(torrent, None)
                self._discount(torrent)
            case ErrorCleared(torrent=torrent) | StorageMoved(torrent=torrent) | FilesRenamed(torrent=torrent):
                self._last.pop(torrent, None)
                if self._stopped.get(torrent) == DELAYED:
                    self._discount(torrent)
            case _:
                pass

    def stuck(self, torrent: str, what: StuckIn | None) -> None:
        """Counts a torrent that makes no progress. None means that the torrent makes progress again. A change of the
        torrent's state also ends the count.
        """
        if what is not None:
            self._count(torrent, f"stuck_{what.value}")
        elif self._stopped.get(torrent, "").startswith("stuck_"):
            self._discount(torrent)

    def quarantined(self, torrent: str) -> None:
        """Counts a torrent that is in quarantine according to its record. Called when the daemon starts."""
        self._count(torrent, QUARANTINED)

    def changes(self, name_of: Callable[[str], str]) -> dict[str, str | None]:
        """Returns changed problems by subject. The problem is None if the subject no longer has one."""
        if not self._news:
            return {}
        self._news = False
        problems: dict[str, str | None] = {
            cause: self._problem(cause, torrents, name_of) for cause, torrents in self._by_cause.items()
        }
        gone, self._told = self._told - problems.keys(), frozenset(problems)
        return {**problems, **dict.fromkeys(gone)}

    def _problem(self, cause: str, torrents: dict[str, None], name_of: Callable[[str], str]) -> str:
        what, remedy = (text.replace("{user}", self._user) for text in _CAUSES[cause])
        first = next(iter(torrents))
        message = self._last.get(first, ("", ""))[1]
        example = f": {message}" if message else ""
        where = "stuck" if cause.startswith("stuck_") else _WHERE.get(cause, "in error")
        number = f"{len(torrents)} torrent{'' if len(torrents) == 1 else 's'} {where}"
        return f"{number}: {what}: {named(torrents, name_of)}{example}; {remedy}"

    def _count(self, torrent: str, cause: str) -> None:
        self._news = True
        if (before := self._stopped.get(torrent)) is not None and before != cause:
            self._discount(torrent)
        self._stopped[torrent] = cause
        self._by_cause.setdefault(cause, {})[torrent] = None

    def _discount(self, torrent: str) -> None:
        cause = self._stopped.pop(torrent, None)
        if cause is None:
            return
        self._news = True
        del self._by_cause[cause][torrent]
        if not self._by_cause[cause]:
            del self._by_cause[cause]


def named(torrents: "dict[str, None] | list[str]", name_of: Callable[[str], str]) -> str:
    """The first torrents by name and shortened id, and the number of further torrents."""
    shown = [_name(torrent, name_of(torrent)) for torrent in islice(torrents, NAMED)]
    more = len(torrents) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _name(torrent: str, name: str) -> str:
    short = name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"
    return f"{short!r} ({torrent[:SHORT_ID]})" if name and name != torrent else torrent[:SHORT_ID]
