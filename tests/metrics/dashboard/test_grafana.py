import json
import re
from typing import Any

import pytest

from gateway.metrics.exposition import OPTIONAL, TABLES
from tests.metrics.known import known, unknown
from tools.metrics.dashboard import grafana
from tools.metrics.dashboard.panel import Panel
from tools.metrics.dashboard.panels import ROWS
from tools.metrics.promql import selectors

PANELS = [panel for _, panels in ROWS for panel in panels]


def written() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    found: dict[str, Any] = json.loads(grafana.text())
    return found


@pytest.mark.parametrize("panel", PANELS, ids=[panel.title for panel in PANELS])
def test_panels_use_what_is_exposed(panel: Panel) -> None:
    """Every metric and label of a query and of a legend exists."""
    assert panel.title
    assert panel.description.endswith(".")
    assert panel.unit
    for query in panel.queries:
        assert unknown(query.expr) == []
        labels = set().union(*(known()[name] for name, _ in selectors(query.expr)))
        assert set(re.findall(r"\{\{(\w+)\}\}", query.legend)) <= labels
        assert query.legend


def test_every_metric_is_in_a_panel() -> None:
    """Except those that the configuration has to ask for."""
    used = {name for panel in PANELS for query in panel.queries for name, _ in selectors(query.expr)}
    used = {re.sub("_(bucket|count)$", "", name) for name in used}
    assert {metric.name for part, table in TABLES if part not in OPTIONAL for metric in table} == used


def test_titles_are_unique() -> None:
    """So that the check of the queries can name a panel."""
    titles = [panel.title for panel in PANELS]
    assert len(titles) == len(set(titles))


def test_panels_do_not_overlap() -> None:
    """And none is wider than the dashboard."""
    cells: set[tuple[int, int]] = set()
    for panel in written()["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not own & cells
        cells |= own


def test_queries_depend_on_the_variables() -> None:
    """The data source, the job and the instance can be chosen."""
    dashboard = written()
    assert [each["name"] for each in dashboard["templating"]["list"]] == ["datasource", "job", "instance"]
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            for _, labels in selectors(target["expr"]):
                assert labels >= {"job", "instance"}
