"""Makes pages of torrents in steps. Each step takes less than a millisecond. Pure.

Torrents may change while a page is made. The last steps make the rows of the changed torrents again. All rows of a page
therefore show the state after the same event. The page has the sequence number of this event.

A page ends when its rows reach half a megabyte, or at its limit of rows. The cursor of a page says where the page ends.
"""

from bisect import insort
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

import msgspec

from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.events.event_log import EventLog

PAGE_BYTES: Final = 512 * 1024
STEP: Final = 32
"""The number of rows in a step. One row takes about 3 µs."""

STEP_LOOKS: Final = 256
"""The number of torrents that are examined in a step. Torrents that the filter leaves out count, too."""

Page = tuple[list[msgspec.Raw], str | None]
Steps = Generator[None, None, Page]


def of_torrents(
    ids_after: Callable[[str | None, int], Sequence[str]],
    row: Callable[[str], Any],
    log: EventLog,
    *,
    cursor: str | None,
    limit: int,
) -> Steps:
    """Makes a page of torrents: rows and a cursor. At the end of the list, the cursor is None.

    Args:
        ids_after: returns a number of ids in order, beginning after the given id. None begins with the first id.
        row: returns a torrent's row. None if the torrent does not exist, or the filter leaves it out.
        cursor: the last id of the previous page.
        limit: the maximum number of rows.
    """
    while True:
        try:
            return (yield from _page(ids_after, row, log, cursor=cursor, limit=limit))
        except OuzelError as error:
            if error.kind is not ErrorKind.REPLAY_GONE:
                raise
            # The log has evicted some of the events since the page was begun: begin the page again.


def _page(
    ids_after: Callable[[str | None, int], Sequence[str]],
    row: Callable[[str], Any],
    log: EventLog,
    *,
    cursor: str | None,
    limit: int,
) -> Steps:
    seen = log.head
    rows: dict[str, msgspec.Raw] = {}
    order: list[str] = []
    size, last = 0, cursor
    while len(rows) < limit and size < PAGE_BYTES and (ids := ids_after(last, STEP_LOOKS)):
        for torrent in ids:
            last = torrent
            found = row(torrent)
            if found is None:
                continue
            rows[torrent] = codec.encoded(found)
            order.append(torrent)
            size += len(rows[torrent])
            if len(rows) == limit or size >= PAGE_BYTES or len(rows) % STEP == 0:
                break
        yield
    ended = yield from _none_after(ids_after, row, last)
    while True:
        changed = _changed_since(log, seen)
        seen = log.head
        for number, torrent in enumerate(changed, start=1):
            if (cursor is None or torrent > cursor) and (ended or (last is not None and torrent <= last)):
                found = row(torrent)
                if found is not None:
                    if torrent not in rows:
                        insort(order, torrent)
                    rows[torrent] = codec.encoded(found)
                elif rows.pop(torrent, None) is not None:
                    order.remove(torrent)
            if number % STEP == 0:
                yield
        if len(changed) < STEP:
            break
    if len(order) > limit:  # torrents were added meanwhile
        del order[limit:]
        last, ended = order[-1], False
    return [rows[torrent] for torrent in order], None if ended else last


def _none_after(
    ids_after: Callable[[str | None, int], Sequence[str]], row: Callable[[str], Any], last: str | None
) -> Generator[None, None, bool]:
    """Whether no later torrent passes the filter. If so, the page has no cursor."""
    while ids := ids_after(last, STEP_LOOKS):
        if any(row(torrent) is not None for torrent in ids):
            return False
        last = ids[-1]
        yield
    return True


def _changed_since(log: EventLog, seq: int) -> list[str]:
    """The torrents with events after `seq`. Each torrent is listed once. Raises OuzelError: REPLAY_GONE."""
    told = log.replay(log.epoch, seq, log.head - seq)
    named = dict.fromkeys(event.topic.split(b"/")[1].decode() for event in told)
    return [torrent for torrent in named if torrent != "-"]
