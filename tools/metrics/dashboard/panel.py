"""A panel of the dashboard."""

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """How a panel shows its series.

    - TIME: as lines over time.
    - NUMBER: the last value.
    - NAME: the legend in place of the value.
    - SWITCH: `yes` for 1, and `no` for 0.
    """

    TIME = "time"
    NUMBER = "number"
    NAME = "name"
    SWITCH = "switch"

    @property
    def panel_type(self) -> str:
        """Grafana's name of the type."""
        return "timeseries" if self is Kind.TIME else "stat"


class Query(NamedTuple):
    """A query without the matchers of job and instance, and the legend of its series."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """One panel.

    Fields:
        unit: Grafana's name of the unit, such as `bytes`, `Bps`, `s` or `short`.
        width: the number of columns. A row has 24 columns.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.TIME
    width: int = 8


def time(title: str, description: str, unit: str, *queries: tuple[str, str], width: int = 8) -> Panel:
    """A panel with lines over time."""
    return Panel(title, description, unit, tuple(Query(*each) for each in queries), Kind.TIME, width)


def number(title: str, description: str, unit: str, *queries: tuple[str, str], width: int = 4) -> Panel:
    """A panel with the last value of each series."""
    return Panel(title, description, unit, tuple(Query(*each) for each in queries), Kind.NUMBER, width)


def quantile(part: float, histogram: str, window: str = "$__rate_interval") -> str:
    """A query for a quantile of a histogram over a window."""
    return f"histogram_quantile({part:g}, sum by (le) (rate({histogram}_bucket[{window}])))"


def rate(counter: str) -> str:
    """A query for the increase of a counter per second."""
    return f"rate({counter}[$__rate_interval])"


def in_range(counter: str) -> str:
    """A query for the increase of a counter over the displayed time."""
    return f"increase({counter}[$__range])"
