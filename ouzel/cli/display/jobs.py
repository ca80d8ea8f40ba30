"""The list of jobs for people, and the lengths of pieces that people type. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from rich.table import Table as Grid
from rich.text import Text

from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_moment, format_share, format_size
from protocol.wire.making_results import JobRow

_LENGTH: Final = re.compile(r"(\d+)\s*([kKmM]?)i?B?")
_UNITS: Final = {"": 1, "k": 1024, "m": 1024 * 1024}


def table(rows: Iterable[JobRow]) -> Grid:
    """A table with one line for each job."""
    grid = Grid(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for header in ("JOB", "SINCE", "STATE", "HASHED", "SIZE", "PATH", "TORRENT", "PROBLEM"):
        grid.add_column(header, no_wrap=header != "PROBLEM")
    for row in rows:
        grid.add_row(
            row.job,
            format_moment(row.created_us),
            row.state.value,
            format_share(row.bytes_done / row.bytes_total) if row.bytes_total else "",
            format_size(row.bytes_total) if row.bytes_total else "",
            Text(clean(row.path)),
            row.torrent or "",
            Text(clean(row.problem or "")),
        )
    return grid


def parse_length(text: str) -> int:
    """Parses a length such as `256k`, `256KiB`, `1M` or `16384` into bytes. k and M are powers of 1024.

    Raises ValueError.
    """
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a length in bytes such as 256k or 1M (powers of 1024)")
    return int(match[1]) * _UNITS[match[2].lower()]
