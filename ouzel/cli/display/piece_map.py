"""The map of a torrent's pieces for people. If there are many pieces, one character stands for several pieces. Pure."""

from itertools import pairwise
from typing import Final

from rich.console import Group
from rich.text import Text

from ouzel.cli.display.units import format_count, format_share
from protocol.wire.results import PieceReport

LINES: Final = 16
"""The maximum number of lines of the map."""
LEGEND: Final = "# complete   + partly complete   . missing   ! missing, and no connected peer has a copy"


def piece_map(report: PieceReport, width: int) -> Group:
    """A line with the numbers, the map, and its legend."""
    bits = f"{int.from_bytes(report.have):0{8 * len(report.have)}b}"[: report.pieces]
    done = bits.count("1")
    head = f"{format_count(report.pieces, 'piece')}, {done} complete ({format_share(done / max(1, report.pieces))})"
    if report.availability:
        head += f"; the connected peers have {_copies(report.availability):.2f} copies"
    cells = min(report.pieces, width * LINES)
    bounds = [number * report.pieces // cells for number in range(cells + 1)] if cells else []
    drawn = "".join(_cell(bits[start:end], report.availability[start:end]) for start, end in pairwise(bounds))
    lines = [drawn[at : at + width] for at in range(0, len(drawn), width)]
    return Group(Text(head), *map(Text, lines), Text(LEGEND))


def _cell(bits: str, availability: bytes) -> str:
    if "0" not in bits:
        return "#"
    if "1" in bits:
        return "+"
    return "!" if availability and not any(availability) else "."


def _copies(availability: bytes) -> float:
    """Returns the number of copies of the rarest piece, and the share of pieces that have more copies."""
    rarest = min(availability)
    return rarest + sum(each > rarest for each in availability) / len(availability)
