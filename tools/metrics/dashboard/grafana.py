"""The dashboard as JSON for Grafana. Pure."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tools.metrics.dashboard.panel import Kind, Panel
from tools.metrics.dashboard.panels import ROWS
from tools.metrics.promql import with_matchers

PATH: Final = "packaging/grafana/ouzel.json"

MATCHERS: Final = 'job="$job", instance="$instance"'
"""The matchers that each query gets."""

SCHEMA_VERSION: Final = 39
"""That of Grafana 11. Later versions of Grafana read it, too."""

_COLUMNS: Final = 24
_HEIGHT: Final = 8
_SMALL_HEIGHT: Final = 4
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_YES_NO: Final = [
    {
        "type": "value",
        "options": {
            "0": {"text": "no", "color": "red", "index": 0},
            "1": {"text": "yes", "color": "green", "index": 1},
        },
    }
]


def text() -> str:
    """The dashboard's file."""
    return json.dumps(_dashboard(), indent=1, ensure_ascii=False) + "\n"


def queries() -> Iterator[tuple[str, str]]:
    """Returns the title and each query of each panel, with the dashboard's variables."""
    for _, panels in ROWS:
        for panel in panels:
            for query in panel.queries:
                yield panel.title, with_matchers(query.expr, MATCHERS)


def _dashboard() -> dict[str, Any]:
    return {
        "uid": "ouzel",
        "title": "Ouzel",
        "description": "A BitTorrent engine service: its health, traffic, torrents, storage, clients and processes.",
        "tags": ["ouzel", "bittorrent"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                _variable("job", "Job", "label_values(ouzel_up, job)"),
                _variable("instance", "Instance", 'label_values(ouzel_up{job="$job"}, instance)'),
            ]
        },
        "panels": list(_panels()),
    }


def _variable(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
    }


def _panels() -> Iterator[dict[str, Any]]:
    """The panels from left to right, and the rows from top to bottom."""
    number = y = 0
    for title, panels in ROWS:
        number += 1
        at = {"x": 0, "y": y, "w": _COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": at, "panels": []}
        x, y, line = 0, y + 1, 0
        for panel in panels:
            number += 1
            height = _HEIGHT if panel.kind is Kind.TIME else _SMALL_HEIGHT
            if x + panel.width > _COLUMNS or (line and height != line):
                x, y = 0, y + line
            line = height
            yield _panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": height})
            x += panel.width
        y += line


def _panel(number: int, panel: Panel, at: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "noValue": "none"}
    if panel.kind is Kind.SWITCH:
        defaults["mappings"] = _YES_NO
    return {
        "id": number,
        "type": panel.kind.panel_type,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": at,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(panel.kind),
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": with_matchers(query.expr, MATCHERS),
                "legendFormat": query.legend,
                "range": panel.kind is Kind.TIME,
                "instant": panel.kind is not Kind.TIME,
            }
            for index, query in enumerate(panel.queries)
        ],
    }


def _options(kind: Kind) -> dict[str, Any]:
    if kind is Kind.TIME:
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    return {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "name" if kind is Kind.NAME else "auto",
        "colorMode": "value" if kind is Kind.SWITCH else "none",
        "graphMode": "none",
    }
