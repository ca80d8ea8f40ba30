"""The items of an event stream: events, and resnapshots if lost events cannot be replayed. Pure."""

from typing import Any, Final, Literal

import msgspec

from protocol.wire import codec
from protocol.wire.errors import ErrorKind
from protocol.wire.reports import HealthReport, SettingsReport
from protocol.wire.rows import TorrentRow

MAX_EVENT_BYTES: Final = 64 * 1024 * 1024
MAX_EVENT_ELEMENTS: Final = 2_000_000


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event.

    Fields:
        epoch: identifies the numbering of `seq`.
        seq: the number of this event. For `progress`, `job_progress` and `tick`, the number of the last lifecycle
            event.
        gen: the engine's generation at the time of the event.
        ts_us: the wall-clock time in microseconds since 1970, for people.
        type: the type, such as `torrent_added` or `completed`. See `protocol.wire.events`.
        torrent: the torrent's id; None if the event is not about a torrent.
        data: the fields of the event's type.
    """

    epoch: str
    seq: int
    gen: int
    ts_us: int
    type: str
    torrent: str | None = None
    data: dict[str, Any] = {}

    @property
    def numbered(self) -> bool:
        """Whether `seq` is the number of this event. True except for `progress`, `job_progress` and `tick`."""
        return self.type not in {"progress", "job_progress", "tick"}


class SnapshotPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a snapshot. It shows the state at `seq` of `epoch`. `cursor` is None on the last page."""

    epoch: str
    seq: int
    health: HealthReport
    settings: SettingsReport
    torrents: list[TorrentRow]
    cursor: str | None


class Resnapshot(msgspec.Struct, frozen=True, kw_only=True, tag="resnapshot", tag_field="type"):
    """All observed state. It replaces all earlier state. Events continue after `seq` of `epoch`.

    Pages are read one after the other while events continue. So some rows are newer than `seq`. A row includes an event
    if the event's seq is not greater than the row's seq (`covers`).

    Fields:
        reason: `start`: the reader requested the snapshot. `new_epoch`: the supervisor restarted. `replay_gone`: lost
            events were evicted.
        seq: the number after which the following events begin.
        row_seqs: the seq at which each torrent's row was read.
    """

    reason: Literal["start", "new_epoch", "replay_gone"]
    epoch: str
    seq: int
    health: HealthReport
    settings: SettingsReport
    torrents: list[TorrentRow]
    row_seqs: dict[str, int]

    @classmethod
    def of(cls, reason: Literal["start", "new_epoch", "replay_gone"], pages: list[SnapshotPage]) -> "Resnapshot":
        """Joins the pages of one epoch."""
        return cls(
            reason=reason,
            epoch=pages[0].epoch,
            seq=pages[0].seq,
            health=pages[0].health,
            settings=pages[0].settings,
            torrents=[row for page in pages for row in page.torrents],
            row_seqs={row.torrent: page.seq for page in pages for row in page.torrents},
        )

    def covers(self, event: Event) -> bool:
        """Whether the row of the event's torrent already includes the event.

        A `progress` has the seq of the last event before it. So if the row has the same seq, the `progress` may be
        newer than the row.
        """
        if event.torrent is None:
            return False
        row_seq = self.row_seqs.get(event.torrent, self.seq)
        return event.seq <= row_seq if event.numbered else event.seq < row_seq


def parse_event(frame: bytes) -> Event:
    """Decodes the event in a frame.

    Raises:
        OuzelError: MALFORMED_FRAME if the frame is no event.
    """
    return event_of(codec.unpack(frame, max_bytes=MAX_EVENT_BYTES, max_elements=MAX_EVENT_ELEMENTS))


def event_of(value: object) -> Event:
    """Converts decoded builtins, as in the reply to `replay`, to an event.

    Raises:
        OuzelError: MALFORMED_FRAME if the value is no event.
    """
    return codec.convert(value, Event, within="event", error=ErrorKind.MALFORMED_FRAME)
