import re
from pathlib import Path

import pytest

from tests.metrics.known import known, unknown
from tools.metrics.dashboard import rules
from tools.metrics.dashboard.alert import Alert
from tools.metrics.dashboard.alerts import ALERTS
from tools.metrics.promql import selectors

ROOT = Path(__file__).parents[3]
SECTIONS = (ROOT / rules.RUNBOOKS).read_text().split("\n## ")[1:]


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_alerts_use_what_is_exposed(alert: Alert) -> None:
    """Every metric and label of the query, of the texts and of the scenarios exists."""
    assert re.fullmatch("Ouzel[A-Za-z]+", alert.name)
    assert unknown(alert.query) == []
    labels = set().union(*(known()[name] for name, _ in selectors(alert.query)))
    named = re.findall(r"\$labels\.(\w+)", alert.summary + alert.description)
    assert set(named) <= labels
    assert alert.description.endswith(".")
    for series in (alert.fires, alert.quiet):
        assert series
        for selector in series:
            assert unknown(selector) == []


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_every_alert_has_a_section(alert: Alert) -> None:
    """It says what the alert means, where to look, and what to do."""
    [section] = [each for each in SECTIONS if each.startswith(f"{alert.name}\n")]
    assert [f"- **{part}**" in section for part in ("Meaning", "Look", "Do")] == [True, True, True]
    assert f"Severity: {alert.severity.value}" in section


def test_every_section_has_an_alert() -> None:
    """In the same order."""
    assert [section.partition("\n")[0] for section in SECTIONS] == [alert.name for alert in ALERTS]


def test_each_alert_is_tested_twice() -> None:
    """For series with which it fires, and for series with which it does not fire."""
    text = rules.tests()
    for alert in ALERTS:
        assert text.count(f"- name: {alert.name} fires\n") == 1
        assert text.count(f"- name: {alert.name} does not fire\n") == 1
    assert text.count("exp_samples: []") == len(ALERTS)


def test_durations_can_be_replaced() -> None:
    """So that a script can play a day fast."""
    assert set(re.findall(r"\bfor: (\w+)", rules.text(lasts="2s"))) == {"2s"}
