"""The plots of a result, as SVG by pygal. pygal is only needed here."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tools.compare.metrics import METRICS, SCALES, Cell

_SCRIPT: Final = re.compile(r"<script.*?</script>", re.DOTALL)
"""pygal's configuration for its own JavaScript, which the plots do not load."""

WIDTH: Final = 900
HEIGHT: Final = 260
FIRSTS: Final = {
    "download": "download_bps",
    "crash": "crash_done_s",
    "many": "many_back_s",
    "small": "small_s",
    "give": "give_bps",
}
"""The plotted metric of each work."""


def write(directory: Path, cells: Mapping[str, Mapping[str, Cell]]) -> dict[str, str]:
    """Writes one file `WORK.svg` for each measured work. Returns the file names by work."""
    found = {}
    for work, key in FIRSTS.items():
        if key in cells:
            found[work] = f"{work}.svg"
            (directory / found[work]).write_text(plot(key, cells[key]))
    return found


def plot(key: str, row: Mapping[str, Cell]) -> str:
    """A bar for each program with the median of a metric."""
    finders = list(sys.meta_path)
    import pygal  # only `--write` needs it
    from pygal.style import CleanStyle

    # pygal adds a finder of an old form, because of which each later import of a missing module would warn.
    sys.meta_path[:] = [each for each in sys.meta_path if each in finders or hasattr(each, "find_spec")]
    metric = next(metric for metric in METRICS if metric.key == key)
    factor, unit, decimals = SCALES[metric.unit]
    better = "more is better" if metric.more_is_better else "less is better"
    chart: Any = pygal.HorizontalBar(
        width=WIDTH,
        height=HEIGHT,
        js=(),
        style=CleanStyle,
        print_values=True,
        show_legend=True,
        disable_xml_declaration=True,
        no_prefix=True,
        title=f"{metric.label} ({unit}, {better})",
        value_formatter=lambda value: f"{value:,.{decimals}f}",
    )
    for name, cell in row.items():
        chart.add(name, cell.median * factor)
    text: str = chart.render(is_unicode=True)
    return _SCRIPT.sub("", text) + "\n"
