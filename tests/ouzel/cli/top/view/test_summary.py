"""The lines above the list."""

import msgspec
import pytest

from ouzel.cli.top.view import summary
from ouzel.cli.top.view.model import Model
from protocol.wire.reports import EngineSlotReport, EngineState, RestoreReport
from tests.ouzel import samples


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model with one torrent and one report."""
    monkeypatch.setattr(summary, "SILENT_S", 3.0)
    model = Model()
    model.apply([samples.resnapshot(samples.told())], 0)
    model.report(samples.health(), samples.stats())
    model.arrange()
    return model


def lines(model: Model, width: int = 120) -> list[str]:
    """The lines as plain text."""
    return [each.plain for each in summary.lines(model, "/run/ouzel", width)]


def test_a_silent_daemon_is_told_with_the_age_of_the_state(model: Model) -> None:
    """And the error, once the connection is given up."""
    model.quiet_s = 2.9
    assert lines(model)[0] == "ouzel top healthy  /run/ouzel"
    model.quiet_s = 65.4
    assert lines(model)[0] == "NO ANSWER for 1 m 5 s; the state is that old. /run/ouzel"
    model.problem = "no daemon\x1b answers"
    assert lines(model)[0] == "NOT CONNECTED for 1 m 5 s: no daemon\N{REPLACEMENT CHARACTER} answers"


def test_an_engine_that_is_away_is_told(model: Model) -> None:
    """With its generation, restarts, and the progress of the restore."""
    engine = msgspec.structs.replace(samples.health().engine, state=EngineState.BACKING_OFF, uptime_ms=0)
    restore = RestoreReport(done=3, total=9)
    model.health = msgspec.structs.replace(samples.health(), engine=engine, restore=restore)
    assert lines(model)[0] == "ouzel top healthy, 3 of 9 torrents restored  /run/ouzel"
    assert lines(model)[2].startswith("engine backing off, generation 2, up 0 ms, 1 restart, 50.0 MB; supervisor")


def test_several_engines_have_a_line_each_up_to_a_number(model: Model) -> None:
    """The page with the health has all."""
    slots = [
        EngineSlotReport(slot=at, state=EngineState.RUNNING, pid=1, gen=at, restarts=0, uptime_ms=5, torrents=1)
        for at in range(4)
    ]
    model.health = msgspec.structs.replace(samples.health(), engines=slots)
    found = lines(model)[2:]
    assert [each.split(",")[0] for each in found] == ["engine 0 running", "engine 1 running"]
    assert "2 more engines: h" in found[1]


def test_reasons_are_shown_up_to_a_number(model: Model) -> None:
    """And their number, if there are more."""
    model.table.reasons = [samples.reason("first\n"), samples.reason("second")]
    assert lines(model)[-2:] == [
        "warning: engine -: first\N{REPLACEMENT CHARACTER}",
        "warning: engine -: second",
    ]
    model.table.reasons.append(samples.reason("third"))
    assert lines(model)[-1] == "2 more problems: press h"


def test_no_line_is_wider_than_the_screen(model: Model) -> None:
    """A cut line ends in an ellipsis."""
    model.table.reasons = [samples.reason("long " * 99)]
    assert max(len(each) for each in lines(model, 60)) <= 60


def test_a_sparkline_is_as_high_as_its_greatest_value() -> None:
    """The latest value is at the right. Small values are visible."""
    assert summary.sparkline([0, 1, 50, 100], 6) == "  ▁▂▅█"
    assert summary.sparkline([5, 0, 0], 2) == "▁▁"
    assert summary.sparkline([], 3) == "   "
