"""Progress as plain lines for logs and pipes. Pure.

There is a line at each change of state or health, and at each 5 percent.
"""

from collections.abc import Iterable
from typing import Final

from ouzel.cli.display.listing import moves, name_of
from ouzel.cli.display.printable import clean
from ouzel.cli.display.render import health_line
from ouzel.cli.display.units import format_rate, format_share
from ouzel.stream.event import Event
from ouzel.stream.silence import DaemonAnswers, DaemonSilent, Heard
from ouzel.stream.table import Table
from protocol.wire.rows import TorrentRow

STEP: Final = 0.05


class PlainLines:
    """Tracks the last report, and returns lines for changes.

    Args:
        torrent: the only torrent to report. None means all torrents.
    """

    def __init__(self, torrent: str | None = None) -> None:
        self._torrent = torrent
        self._said: dict[str, tuple[str, int, str | None]] = {}
        self._health = ""

    def of(self, table: Table, item: Heard | None) -> list[str]:
        """The lines to report after an item was applied. `item` is None if the table was read in another way."""
        lines: list[str] = []
        health = health_line(table).plain
        if health != self._health:
            self._health = health
            lines.append(f"health: {health}")
        touched: Iterable[str]
        if isinstance(item, DaemonSilent | DaemonAnswers):
            touched = ()
        elif isinstance(item, Event):
            touched = set() if item.torrent is None else {item.torrent}
        else:
            touched = table.rows.keys() | self._said.keys()
        for torrent in sorted(touched):
            if self._torrent in (None, torrent):
                lines += self._news(torrent, table.rows.get(torrent))
        return lines

    def _news(self, torrent: str, row: TorrentRow | None) -> list[str]:
        if row is None:
            return [f"removed: {torrent}"] if self._said.pop(torrent, None) else []
        state = (row.state.value, int(row.progress / STEP + 1e-9), row.error)
        if self._said.get(torrent) == state:
            return []
        self._said[torrent] = state
        return [_line(row)]


def _line(row: TorrentRow) -> str:
    error = f" ({clean(row.error)})" if row.error else ""
    rate = f" at {format_rate(row.download_bps)}" if moves(row) else ""
    return f"{name_of(row)}: {row.state.value} {format_share(row.progress)}{rate}{error}"
