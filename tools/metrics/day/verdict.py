"""Plays the day, and examines each panel's queries."""

import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tools.metrics.dashboard import grafana
from tools.metrics.dashboard.alerts import ALERTS
from tools.metrics.day.stage import Stage
from tools.metrics.day.steps import PATIENCE_S, STEPS, Step
from tools.metrics.prometheus import Prometheus, QueryFailed
from tools.rig.waiting import until

ONLY_WHOLE: Final = "ouzel_gateway_event_lag_events"
"""This metric is absent with `--only metrics`."""

_BROKEN_TEXTS: Final = ("<error", "<no value>", "NaN", "%!")
"""What Prometheus writes for a template that cannot be expanded."""


class StepResult(NamedTuple):
    """How long a step took, and what was wrong. An empty text is success."""

    name: str
    fires: tuple[str, ...]
    seconds: float
    wrong: str


class PanelResult(NamedTuple):
    """The number of samples that a panel's queries returned, and what was wrong. An empty text is success."""

    title: str
    samples: int
    wrong: str


def play(on: Stage, report: Callable[[StepResult], None]) -> bool:
    """Plays all steps. Returns False after the first step that went wrong."""
    for step in STEPS:
        result = _step(on, step)
        report(result)
        if result.wrong:
            return False
    return True


def panels(on: Stage, since: float) -> Iterator[PanelResult]:
    """Returns the results of all panels for the time since a Unix time."""
    by_title: dict[str, list[str]] = {}
    for title, query in grafana.queries():
        by_title.setdefault(title, []).append(query)
    duration = f"{int(time.time() - since) + 1}s"
    for title, queries in by_title.items():
        found, wrong = 0, ""
        for query in queries:
            for instance in (on.whole,) if ONLY_WHOLE in query else (on.whole, on.alone):
                try:
                    samples = on.prometheus.samples(_substituted(query, instance, duration), since)
                except QueryFailed as error:
                    samples, wrong = 0, str(error)
                found += samples
                if not samples:
                    wrong = wrong or f"no data: {query}"
        yield PanelResult(title, found, wrong)


def never_fired(prometheus: Prometheus, since: float) -> list[str]:
    """The alerts that have not fired since a Unix time."""
    fired = prometheus.ever_firing(since)
    return [alert.name for alert in ALERTS if alert.name not in fired]


def _step(on: Stage, step: Step) -> StepResult:
    began = time.monotonic()
    wrong = ""
    try:
        with step.play(on):
            until(
                lambda: on.prometheus.firing() >= set(step.fires),
                f"{', '.join(step.fires)} are firing",
                patience_s=PATIENCE_S,
                every_s=0.2,
            )
            wrong = _broken_texts(on.prometheus)
        if step.ends:
            until(
                lambda: not on.prometheus.firing() & set(step.fires),
                f"{', '.join(step.fires)} are over",
                patience_s=PATIENCE_S,
                every_s=0.2,
            )
    except AssertionError as error:
        wrong = f"{error}; firing: {', '.join(sorted(on.prometheus.firing()))}"
    return StepResult(step.name, step.fires, time.monotonic() - began, wrong)


def _broken_texts(prometheus: Prometheus) -> str:
    texts = [text for alert in prometheus.alerts() for text in alert["annotations"].values()]
    return "; ".join(text for text in texts if any(broken in text for broken in _BROKEN_TEXTS))


def _substituted(query: str, instance: str, duration: str) -> str:
    """The query with values in place of the dashboard's variables."""
    values = {"$job": "ouzel", "$instance": instance, "$__rate_interval": "5s", "$__range": duration}
    for variable, value in values.items():
        query = query.replace(variable, value)
    return query
