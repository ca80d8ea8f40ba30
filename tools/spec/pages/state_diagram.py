"""Draws a state machine as SVG: the states in a column, and an arc for each pair of states with a transition.

Arcs on the right lead downwards, and arcs on the left lead upwards. Each arc has its inputs at its middle.
"""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

BOX_WIDTH: Final = 170
BOX_HEIGHT: Final = 34
ROW: Final = 92
BULGE: Final = 105
"""How far an arc leaves the column for each row that it passes."""

LINE: Final = 13
STYLE: Final = (
    "text { font: 12px sans-serif; text-anchor: middle; fill: #1b1f24 } .input { font-size: 11px; paint-order: stroke; "
    "stroke: #ffffff; stroke-width: 4px } path { fill: none; stroke: #57606a } "
    "rect { fill: #eaf2fb; stroke: #35618e } .back { fill: #ffffff; stroke: none } marker path { fill: #57606a }"
)


class Edge(NamedTuple):
    """A transition: a state, an input, and the next state."""

    state: str
    label: str
    target: str


def diagram(title: str, states: Sequence[str], edges: Sequence[Edge]) -> str:
    """The diagram of these states. Transitions from or to other states are left out."""
    row = {state: index for index, state in enumerate(states)}
    arcs: dict[tuple[int, int], list[str]] = {}
    for edge in edges:
        if edge.state in row and edge.target in row and edge.state != edge.target:
            arcs.setdefault((row[edge.state], row[edge.target]), []).append(edge.label)
    right = max((target - source for source, target in arcs), default=0)
    left = max((source - target for source, target in arcs), default=0)
    column = max(left, 1) * BULGE * 3 // 4 + BOX_WIDTH // 2 + 70
    width = column + max(right, 1) * BULGE * 3 // 4 + BOX_WIDTH // 2 + 70
    height = len(states) * ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        '<marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z"/></marker>',
        f'<rect class="back" width="{width}" height="{height}"/>',
    ]
    parts += [_arc(column, source, target) for source, target in arcs]
    parts += [_labels(column, source, target, labels) for (source, target), labels in arcs.items()]
    parts += [_box(column, index, state) for index, state in enumerate(states)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _middle(index: int) -> int:
    return index * ROW + ROW // 2


def _arc(column: int, source: int, target: int) -> str:
    side = 1 if target > source else -1
    x = column + side * BOX_WIDTH // 2
    bulge = x + side * abs(target - source) * BULGE
    begin, end = _middle(source) + side * 6, _middle(target) - side * 6
    return f'<path d="M{x} {begin}C{bulge} {begin} {bulge} {end} {x} {end}" marker-end="url(#end)"/>'


def _labels(column: int, source: int, target: int, labels: Sequence[str]) -> str:
    """The inputs at the middle of an arc, one below the other."""
    side = 1 if target > source else -1
    x = column + side * (BOX_WIDTH // 2 + abs(target - source) * BULGE * 3 // 4)
    top = (_middle(source) + _middle(target)) // 2 - (len(labels) - 1) * LINE // 2 + 4
    return "\n".join(
        f'<text class="input" x="{x}" y="{top + index * LINE}">{escape(label)}</text>'
        for index, label in enumerate(labels)
    )


def _box(column: int, index: int, state: str) -> str:
    left, top = column - BOX_WIDTH // 2, _middle(index) - BOX_HEIGHT // 2
    box = f'<rect x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
    return f'{box}\n<text x="{column}" y="{_middle(index) + 4}">{escape(state)}</text>'
