"""An alert, and the series with which it is tested."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How soon somebody has to look: now, today, or some time."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Alert(NamedTuple):
    """One alert.

    Fields:
        name: the name. It is also the heading in docs/alerts.md.
        query: the alert fires for each series of the result.
        lasts: how long a series must stay in the result, such as `5m`.
        summary, description: texts with Prometheus' templates.
        fires: series by selector for which the alert fires, in promtool's notation with a value a minute.
        quiet: series for which no alert fires.
        at: when the alert is tested, in minutes from the first value.
    """

    name: str
    query: str
    lasts: str
    severity: Severity
    summary: str
    description: str
    fires: Mapping[str, str]
    quiet: Mapping[str, str]
    at: int = 60
