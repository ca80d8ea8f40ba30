"""A row of a table of metrics."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from protocol.wire.metrics.metrics_report import HistogramReport

Source = TypeVar("Source", contravariant=True)

Sample = tuple[tuple[str, ...], float | HistogramReport]
"""The values of the labels, and the value."""


class Kind(StrEnum):
    """The types of metrics in OpenMetrics. `UNKNOWN` is for a metric with gauges and counters."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    UNKNOWN = "unknown"


class Metric(NamedTuple, Generic[Source]):
    """A metric: one row of a table.

    Fields:
        name: the full name. The name of a counter ends with `_total`.
        kind: the type.
        help: a sentence about the values.
        read: returns the samples of a source. No samples mean that the value is unknown.
        labels: the names of the labels.
    """

    name: str
    kind: Kind
    help: str
    read: Callable[[Source], Iterable[Sample]]
    labels: tuple[str, ...] = ()


def one(value: float | HistogramReport | None) -> list[Sample]:
    """The only sample of a metric without labels. No sample if the value is None."""
    return [] if value is None else [((), value)]
