"""The labels of every series that Ouzel exposes, by the name of the series."""

from gateway.metrics.exposition import TABLES
from gateway.metrics.metric import Kind
from tools.metrics.promql import grouping_labels, selectors

OF_PROMETHEUS = frozenset({"job", "instance"})


def known() -> dict[str, frozenset[str]]:
    """All series, and Prometheus' own `up`."""
    found = {"up": OF_PROMETHEUS}
    for _, table in TABLES:
        for metric in table:
            labels = frozenset(metric.labels) | OF_PROMETHEUS
            if metric.kind is Kind.HISTOGRAM:
                found |= {f"{metric.name}_count": labels, f"{metric.name}_sum": labels}
                found[f"{metric.name}_bucket"] = labels | {"le"}
            else:
                found[metric.name] = labels
    return found


def unknown(query: str) -> list[str]:
    """The series and labels of a query that Ouzel does not expose."""
    series = known()
    problems = []
    possible: set[str] = set()
    for name, labels in selectors(query):
        if name not in series:
            problems.append(name)
            continue
        possible |= series[name]
        problems += [f"{name}{{{label}}}" for label in sorted(labels - series[name])]
    problems += sorted(grouping_labels(query) - possible)
    return problems
