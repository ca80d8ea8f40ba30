"""Applies the limits of bandwidth groups: caps each torrent's limits by its share.

libtorrent's binding for Python cannot limit several torrents together. So the engine divides a group's limits among the
active torrents once a second, by their rates. Torrents without a group, and groups without active torrents, cost
nothing.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Final

from engine_proc.groups.sharing import Member, divide
from engine_proc.session.alerts import TorrentStatus
from engine_proc.session.caps_port import NO_LIMITS, Limits
from engine_proc.session.session_port import LibtSession, TorrentFault, UnknownTorrent
from protocol.wire.desired import DesiredTorrent

INTERVAL_S: Final = 1.0
"""The interval between two divisions."""
FIRST_BPS: Final = 16_384
"""The maximum cap of a torrent without peers. It applies until the first division after a peer was connected."""
OVERHEAD: Final = 0.05
"""The traffic of the protocol in one direction, as a fraction of the payload in the other direction."""


class _Torrent:
    """A torrent in a group.

    Fields:
        cap: the cap in force.
        counts: the downloaded and the uploaded bytes in the last status, and its time.
        before: the counts at the last division, or when the torrent became active. None if the torrent is not active.
    """

    __slots__ = ("before", "cap", "counts", "key", "own")

    def __init__(self, key: str, own: Limits) -> None:
        self.key = key
        self.own = own
        self.cap: Limits | None = None
        self.counts = (0, 0, 0.0)
        self.before: tuple[int, int, float] | None = None

    def rates(self) -> tuple[float, float]:
        """The rates since the last division. The counts begin at 0 again after a pause."""
        before = self.before
        if before is None or self.counts[2] <= before[2]:
            return 0.0, 0.0
        seconds = self.counts[2] - before[2]
        down = self.counts[0] - (before[0] if before[0] <= self.counts[0] else 0)
        up = self.counts[1] - (before[1] if before[1] <= self.counts[1] else 0)
        return (down + OVERHEAD * up) / seconds, (up + OVERHEAD * down) / seconds


class GroupLimits:
    """Divides the limits of bandwidth groups among torrents. Times are monotonic seconds that the caller passes."""

    def __init__(self, session: LibtSession) -> None:
        self._session = session
        self._limits: Mapping[str, Limits] = {}
        self._torrents: dict[str, _Torrent] = {}
        self._active: dict[str, set[str]] = {}
        """By group, the active torrents. Groups without active torrents are left out."""
        self._observed = False
        self._due = 0.0

    def configure(self, groups: Mapping[str, tuple[int, int]]) -> None:
        """Sets the limits of all groups, by key. A group that is left out was removed."""
        before, self._limits = self._limits, {key: Limits(*limits) for key, limits in groups.items()}
        changed = {key for key in before.keys() | groups.keys() if before.get(key) != self._limits.get(key)}
        if not changed:
            return
        for torrent, known in self._torrents.items():
            if known.key in changed and torrent not in self._active.get(known.key, ()):
                self._cap(torrent, known, self._first(known.key))
        for key in changed.intersection(self._active):
            self._divide(key)

    def place(self, desired: DesiredTorrent) -> None:
        """Puts a torrent into its group, or removes it from its group. Call `place` before the torrent is added or
        changed.
        """
        key = desired.options.group
        if key is None:
            self.forget(desired.torrent)
            return
        own = Limits(desired.download_bps, desired.upload_bps)
        known = self._torrents.get(desired.torrent)
        if known is None or known.key != key:
            self.unloaded(desired.torrent)
            known = self._torrents[desired.torrent] = _Torrent(key, own)
        if known.cap is None or known.own != own:
            known.own = own
            self._cap(desired.torrent, known, known.cap or self._first(key), again=True)

    def unloaded(self, torrent: str) -> None:
        """Notes that a torrent has left the session. It is still in its group."""
        known = self._torrents.get(torrent)
        if known is not None and torrent in self._active.get(known.key, ()):
            self._rest(torrent, known)

    def forget(self, torrent: str) -> None:
        """Takes a torrent out of its group, and removes its cap."""
        self.unloaded(torrent)
        known = self._torrents.pop(torrent, None)
        if known is not None:
            self._cap(torrent, known, NO_LIMITS)

    def observe(self, rows: Iterable[TorrentStatus], now: float) -> None:
        """Handles the status of torrents that have changed."""
        if not self._torrents:
            return
        self._observed = True
        for row in rows:
            known = self._torrents.get(row.torrent)
            if known is None:
                continue
            active = self._active.get(known.key, set())
            if row.peers:
                known.counts = row.moved_down, row.moved_up, now
                if row.torrent not in active:
                    self._active.setdefault(known.key, set()).add(row.torrent)
                    known.before = known.counts
            elif row.torrent in active:
                self._rest(row.torrent, known)

    def tick(self, now: float) -> None:
        """Once a second, divides the limits of groups with active torrents. Waits for a status before each division."""
        if self._active and self._observed and now >= self._due:
            self._observed, self._due = False, now + INTERVAL_S
            for key in list(self._active):
                self._divide(key)
                for torrent in self._active[key]:
                    self._torrents[torrent].before = self._torrents[torrent].counts

    def _rest(self, torrent: str, known: _Torrent) -> None:
        active = self._active[known.key]
        active.discard(torrent)
        if not active:
            del self._active[known.key]
        known.before = None
        self._cap(torrent, known, self._first(known.key))

    def _first(self, key: str) -> Limits:
        """The cap of a torrent that is not active: a small part of the group's limit."""
        limits = self._limits.get(key, NO_LIMITS)
        return Limits(*(limit and max(1, min(limit // 10, FIRST_BPS)) for limit in limits))

    def _divide(self, key: str) -> None:
        limits, torrents = self._limits.get(key, NO_LIMITS), sorted(self._active[key])
        members = [self._torrents[torrent] for torrent in torrents]
        rates, caps = [each.rates() for each in members], [each.cap or NO_LIMITS for each in members]
        shares = [
            divide(limit, [Member(rates[n][way], caps[n][way], members[n].own[way]) for n in range(len(members))])
            if limit
            else [0] * len(members)
            for way, limit in enumerate(limits)
        ]
        for torrent, known, *share in zip(torrents, members, *shares, strict=True):
            self._cap(torrent, known, Limits(*share))

    def _cap(self, torrent: str, known: _Torrent, cap: Limits, *, again: bool = False) -> None:
        if cap == known.cap and not again:
            return
        with contextlib.suppress(TorrentFault, UnknownTorrent):  # the next division tries again
            self._session.cap_limits(torrent, known.own, cap)
            known.cap = cap
