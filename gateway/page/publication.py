"""Makes numbered notices from the changes of the mirror. Pure."""

from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from gateway.mirror.mirror import Mirror
from gateway.page.page_row import changes, page_row
from gateway.page.service_state import service_state
from protocol.wire.rows import TorrentRow

INTERVAL_S: Final = 0.5
"""The minimum time between two notices of changes."""
LINGER_S: Final = 60.0
"""If no browser was connected for longer than this time, the numbering of notices begins again."""
KEPT_BYTES: Final = 8 * 1024 * 1024
"""The maximum size of all kept notices. The latest notice is always kept."""
PAGE: Final = 500
"""The maximum number of torrents in one part of a snapshot."""

_ENCODER: Final = msgspec.json.Encoder()


class Notice(NamedTuple):
    """One change of the state.

    Fields:
        number: the number of the notice. The next notice has the next number.
        kind: `delta` for torrents, or the name of a part of the service's state.
        data: JSON.
    """

    number: int
    kind: str
    data: bytes


class Publication:
    """The state that browsers have after the latest notice.

    Args:
        mirror: the last known state of the daemon.
        token: a text without hyphens that no other publication has.

    Fields:
        generation: a text that identifies the numbering. It changes when the numbers restart.
    """

    def __init__(self, mirror: Mirror, token: str) -> None:
        self.generation = ""
        self._token = token
        self._generations = 0
        self._mirror = mirror
        self._rows: dict[str, TorrentRow] = {}
        self._revision = 0
        self._service: dict[str, bytes] = {}
        self._notices: deque[Notice] = deque()
        self._kept_bytes = 0
        self._number = 0
        self._advanced_at = float("-inf")

    @property
    def ready(self) -> bool:
        """Whether the torrents are known."""
        return self._mirror.ready

    @property
    def latest(self) -> int:
        """The number of the latest notice."""
        return self._number

    def advance(self, now: float) -> None:
        """Makes notices of the changes, if the minimum time since the last notices is over."""
        since_s = now - self._advanced_at
        if since_s < INTERVAL_S:
            return
        self._advanced_at = now
        if since_s > LINGER_S:
            self._begin_anew()
            return
        for kind, value in service_state(self._mirror).items():
            if self._service.get(kind) != (data := _ENCODER.encode(value)):
                self._service[kind] = data
                self._add(kind, data)
        if delta := self._delta():
            self._add("delta", _ENCODER.encode(delta))

    def service(self) -> list[tuple[str, bytes]]:
        """The parts of the service's state by name."""
        return list(self._service.items())

    def snapshot(self) -> Iterator[bytes]:
        """The parts of the state of all torrents, as it is now. There is always one part.

        Each part has these members:

        - `torrents`: rows
        - `offset`: the number of torrents in earlier parts
        - `total`: the number of all torrents
        """
        rows = list(self._rows.values())

        def parts() -> Iterator[bytes]:
            for start in range(0, len(rows) or 1, PAGE):
                torrents = [page_row(row) for row in rows[start : start + PAGE]]
                yield _ENCODER.encode({"offset": start, "total": len(rows), "torrents": torrents})

        return parts()

    def since(self, number: int) -> list[Notice] | None:
        """The notices after a number. None if some of these notices were dropped."""
        if number > self._number:
            return None
        missing = self._number - number
        if missing > len(self._notices):
            return None
        return [self._notices[-index] for index in range(missing, 0, -1)]

    def _begin_anew(self) -> None:
        self._generations += 1
        self.generation = f"{self._token}.{self._generations}"
        self._notices.clear()
        self._kept_bytes = self._number = 0
        self._rows = {each.row.torrent: each.row for each in self._mirror.torrents.values()}
        self._revision = self._mirror.revision
        self._service = {kind: _ENCODER.encode(value) for kind, value in service_state(self._mirror).items()}

    def _delta(self) -> dict[str, Any] | None:
        """The changes of torrents since the last notice."""
        mirror = self._mirror
        if mirror.revision == self._revision:
            return None
        removed = mirror.removed_since(self._revision)
        if removed is None:
            removed = [each for each in self._rows if each not in mirror.torrents]
        removed = [each for each in removed if self._rows.pop(each, None) is not None]
        changed = []
        for torrent in mirror.changed_since(self._revision):
            row, known = torrent.row, self._rows.get(torrent.row.torrent)
            self._rows[row.torrent] = row
            fields = page_row(row) if known is None else changes(known, row)
            if fields is not None:
                changed.append(fields)
        self._revision = mirror.revision
        return {"changed": changed, "removed": removed} if changed or removed else None

    def _add(self, kind: str, data: bytes) -> None:
        self._number += 1
        self._notices.append(Notice(self._number, kind, data))
        self._kept_bytes += len(data)
        while self._kept_bytes > KEPT_BYTES and len(self._notices) > 1:
            self._kept_bytes -= len(self._notices.popleft().data)
