"""Writes a reading in the formats of Prometheus and OpenMetrics."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    UnknownMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family

from gateway.metrics import libtorrent_table, service_table, supervisor_table, torrent_table
from gateway.metrics.metric import Kind, Metric, Sample
from gateway.metrics.reading import Reading
from protocol.text.scrub import scrub
from protocol.wire.metrics.metrics_report import HistogramReport

_FAMILIES: Final[dict[Kind, Any]] = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
    Kind.UNKNOWN: UnknownMetricFamily,
}

TABLES: Final[tuple[tuple[str, tuple[Metric[Any], ...]], ...]] = (
    ("scrape", service_table.OF_SCRAPE),
    ("health", service_table.OF_HEALTH),
    ("stats", service_table.OF_STATS),
    ("cpu", service_table.OF_CPU),
    ("metrics", supervisor_table.TABLE),
    ("counters", libtorrent_table.TABLE),
    ("raw", (libtorrent_table.ALL,)),
    ("torrents", torrent_table.TABLE),
)
"""All tables, each with the part of a reading that is its source."""

OPTIONAL: Final = frozenset({"raw", "torrents"})
"""The parts that are exposed only if the configuration wants them."""


class Exposition:
    """Makes the text of a reading.

    Args:
        every_counter: whether all of libtorrent's values are exposed.
    """

    def __init__(self, *, every_counter: bool = False) -> None:
        self._every_counter = every_counter

    def write(self, reading: Reading, accept: str) -> tuple[bytes, str]:
        """Returns the text and its media type. `accept` is the header `Accept` of the request."""
        try:
            encode, media_type = exposition.choose_encoder(accept)
        except (TypeError, ValueError):  # the header has a malformed version
            encode, media_type = exposition.choose_encoder("")
        registry = CollectorRegistry()
        registry.register(_Collector(list(self.families(reading))))
        return encode(registry), media_type

    def families(self, reading: Reading) -> Iterator[Family]:
        """Returns the metrics of a reading that have samples."""
        for part, table in TABLES:
            source = getattr(reading, part)
            if source is None or (part == "raw" and not self._every_counter):
                continue
            for metric in table:
                if samples := list(metric.read(source)):
                    yield _family(metric, samples)


class _Collector:
    """Gives the metrics of one reading to the library."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _family(metric: Metric[Any], samples: Iterable[Sample]) -> Family:
    found = _FAMILIES[metric.kind](metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        shown = [scrub(label) for label in labels]
        if isinstance(value, HistogramReport):
            found.add_metric(shown, _buckets(value), value.sum_s)
        else:
            found.add_metric(shown, float(value))
    family: Family = found
    return family


def _buckets(report: HistogramReport) -> list[tuple[str, float]]:
    """The cumulative buckets: the upper bounds as text, with the numbers of durations up to these bounds."""
    bounds = [*(repr(float(bound)) for bound in report.bounds_s), "+Inf"]
    return list(zip(bounds, accumulate(report.counts), strict=True))
