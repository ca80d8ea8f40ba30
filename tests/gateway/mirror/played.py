"""A daemon that tests play: its truth, its events on the way, and its replies on the way."""

from collections import deque
from typing import Any

import msgspec

from gateway.mirror.mirror import Mirror
from gateway.mirror.torrent import Facts
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.table import still
from protocol.wire.rows import TorrentRow, TorrentState
from tests.ouzel.samples import health, row, settings

NOW_US = 1_800_000_000_000_000


class Read(msgspec.Struct, frozen=True):
    """A reply on the way: all asked torrents as they were at one moment."""

    asked: tuple[str, ...]
    rows: tuple[TorrentRow, ...]
    facts: tuple[tuple[str, Facts], ...]
    epoch: str
    seq: int


class PlayedDaemon:
    """Events and replies arrive in order, each on its own way, as over two sockets.

    Fields:
        rows, facts: the truth.
        events, replies: what has not arrived yet.
    """

    def __init__(self) -> None:
        self.rows: dict[str, TorrentRow] = {}
        self.facts: dict[str, Facts] = {}
        self.events: deque[Event | Resnapshot] = deque()
        self.replies: deque[Read] = deque()
        self._epochs = 0
        self._version = 0
        self.restart({})

    @property
    def epoch(self) -> str:
        """The present epoch."""
        return f"epoch{self._epochs}"

    def restart(self, rows: dict[str, TorrentRow]) -> None:
        """Begins a new epoch with these torrents. What was on the way is lost, except for replies."""
        self._epochs += 1
        self._seq = 0
        self.rows = dict(rows)
        self.facts = {each: self.facts.get(each, Facts()) for each in rows}
        self.events.clear()
        self.snapshot("new_epoch", {})

    def add(self, torrent: str) -> None:
        """Adds a torrent."""
        self._version += 1
        members = {"state": TorrentState.QUEUED, "progress": 0.0, "added_us": self._version, **_EMPTY}
        found = row(torrent=torrent, name=torrent, **members)
        self.rows[torrent] = found
        self.facts[torrent] = Facts(revision=1)
        data = {name: getattr(found, name) for name in ("name", "save_path", "labels", "paused", "added_us")}
        self._publish("torrent_added", torrent, data)

    def remove(self, torrent: str) -> None:
        """Removes a torrent."""
        del self.rows[torrent], self.facts[torrent]
        self._publish("torrent_removed", torrent, {"deleted_files": False})

    def limit(self, torrent: str) -> None:
        """Makes a change that has a numbered event. Each is greater than the last."""
        self._version += 1
        self._set(torrent, download_limit_bps=self._version)
        self._publish("limits_applied", torrent, {"download_bps": self._version, "upload_bps": 0})

    def progress(self, torrent: str) -> None:
        """Makes a change that has an unnumbered event."""
        self._version += 1
        self._set(torrent, uploaded=self._version, ratio=None)
        found = self.rows[torrent]
        data = {name: getattr(found, name) for name in _PROGRESS}
        self._publish("progress", torrent, data, numbered=False)

    def configure(self, torrent: str) -> None:
        """Makes a change without an event."""
        facts = self.facts[torrent]
        self.facts[torrent] = msgspec.structs.replace(facts, comment="new", revision=facts.revision + 1)
        self._set(torrent, category=f"category {facts.revision}")

    def lose_engine(self) -> None:
        """Ends the engine."""
        self.rows = {each: still(found) for each, found in self.rows.items()}
        self._publish("engine_lost", None, {})

    def read(self, torrents: list[str]) -> None:
        """Sends a reply with these torrents."""
        found = [each for each in torrents if each in self.rows]
        self.replies.append(
            Read(
                tuple(torrents),
                tuple(msgspec.structs.replace(self.rows[each], active_s=self._seq) for each in found),
                tuple((each, self.facts[each]) for each in found),
                self.epoch,
                self._seq,
            )
        )

    def snapshot(self, reason: Any, early: dict[str, tuple[int, TorrentRow]]) -> None:
        """Sends all torrents, as the next item. Some rows can be earlier than the others: they are pages read before.

        Args:
            early: these rows, and the number at which each was read.
        """
        rows = {**self.rows, **{each: found for each, (_, found) in early.items()}}
        seqs = {**dict.fromkeys(self.rows, self._seq), **{each: seq for each, (seq, _) in early.items()}}
        seq = min([self._seq, *(seq for seq, _ in early.values())])
        self.events.appendleft(
            Resnapshot(
                reason=reason,
                epoch=self.epoch,
                seq=seq,
                health=health(),
                settings=settings(),
                torrents=list(rows.values()),
                row_seqs=seqs,
            )
        )

    def page(self) -> dict[str, tuple[int, TorrentRow]]:
        """The first page of a snapshot: half of the torrents. What is on the way is lost, but not what comes after."""
        self.events.clear()
        ids = sorted(self.rows)
        return {each: (self._seq, self.rows[each]) for each in ids[: len(ids) // 2]}

    def deliver_event(self, mirror: Mirror) -> list[str]:
        """Lets the next event arrive. Returns the torrents that the follower reads again for that."""
        item = self.events.popleft()
        changed = mirror.apply(item, NOW_US)
        return changed if isinstance(item, Resnapshot) else [item.torrent] if item.torrent else []

    def deliver_reply(self, mirror: Mirror) -> None:
        """Lets the next reply arrive."""
        reply = self.replies.popleft()
        absent = set(reply.asked) - {each.torrent for each in reply.rows}
        mirror.refresh(reply.rows, reply.epoch, reply.seq, NOW_US, absent)
        mirror.learn(reply.facts, reply.epoch, reply.seq)

    def _set(self, torrent: str, **members: Any) -> None:
        self.rows[torrent] = msgspec.structs.replace(self.rows[torrent], **members)

    def _publish(self, kind: str, torrent: str | None, data: dict[str, Any], *, numbered: bool = True) -> None:
        self._seq += numbered
        self.events.append(
            Event(epoch=self.epoch, seq=self._seq, gen=1, ts_us=NOW_US, type=kind, torrent=torrent, data=data)
        )


_PROGRESS = (
    *("state", "progress", "bytes_done", "bytes_total", "size", "downloaded", "uploaded", "wasted"),
    *("download_bps", "upload_bps", "peers", "seeds"),
)
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("bytes_done", "bytes_total", "size", "downloaded", "uploaded", "wasted"), 0),
    **dict.fromkeys(("download_bps", "upload_bps", "peers", "seeds"), 0),
}
