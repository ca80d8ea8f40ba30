"""docs/metrics.md's tables of metrics."""

from collections.abc import Iterable
from typing import Any, Final

from gateway.metrics import exposition
from gateway.metrics.exposition import TABLES
from gateway.metrics.metric import Metric

PAGE: Final = "docs/metrics.md"

_TITLES: Final = {
    "scrape": "Always there",
    "health": "Health and engines",
    "stats": "Torrents, traffic and space",
    "cpu": "CPU",
    "metrics": "The supervisor's own",
    "counters": "libtorrent",
    "raw": 'With `[metrics] libtorrent = "all"`',
    "torrents": "With `[metrics] per_torrent = true`",
}


def regions() -> dict[str, str]:
    """The generated region of the page."""
    assert _TITLES.keys() == {part for part, _ in exposition.TABLES}
    return {"metrics": "\n".join(_section(_TITLES[part], table) for part, table in TABLES)}


def _section(title: str, table: Iterable[Metric[Any]]) -> str:
    rows = "".join(f"| `{_shown(metric)}` | {metric.kind.value} | {metric.help} |\n" for metric in table)
    return f"### {title}\n\n| metric | type | meaning |\n|---|---|---|\n{rows}"


def _shown(metric: Metric[Any]) -> str:
    return metric.name + (f"{{{','.join(metric.labels)}}}" if metric.labels else "")
