"""The state of `ouzel top`."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ouzel.cli.display.listing import SortKey
from ouzel.cli.top.view.model import SAMPLES, Model
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import Hindrance, HindranceCause
from tests.ouzel import samples

IDS = [f"{number:02x}" * 20 for number in range(20)]


def model_of(*torrents: str) -> Model:
    """A model with these torrents, named by their ids."""
    model = Model()
    model.apply([samples.resnapshot(*(samples.told(each, name=each) for each in torrents))], 0)
    model.arrange()
    return model


def test_the_selection_stays_with_its_torrent() -> None:
    """If the torrent is removed, the torrent at the same place is selected."""
    model = model_of(*IDS[:4])
    model.select(2)
    assert model.selected == IDS[2]
    model.set_sort(SortKey.NAME)
    model.arrange()
    assert (model.selected, model.index) == (IDS[2], 1)
    model.apply([samples.event(11, "torrent_removed", IDS[2], delete_files=False)], 0)
    assert model.stale
    model.arrange()
    assert (model.selected, model.index) == (IDS[1], 1)
    model.apply([samples.event(12 + at, "torrent_removed", IDS[at], delete_files=False) for at in (0, 1, 3)], 0)
    model.arrange()
    assert not model.selected
    assert model.row is None


def test_rows_are_drawn_with_their_latest_values() -> None:
    """Also before they are sorted again."""
    model = model_of(*IDS[:2])
    model.apply([samples.progress(10, IDS[0], download_bps=7, bytes_done=300, bytes_total=1000)], 0)
    assert model.rows[0].download_bps != 7
    assert (model.shown[0].download_bps, model.shown[0].eta_s) == (7, 100)
    assert [row.torrent for row in model.shown[:2]] == IDS[:2]
    model.problem = "away"
    model.arrange()
    assert [row.download_bps for row in model.shown] == [0, 0]


def test_a_tick_changes_no_row() -> None:
    """So an idle daemon causes no sorting. Events about the engine ask for new reports."""
    model = model_of(IDS[0])
    assert not model.apply([samples.event(10, "tick", None, head=10, status="degraded")], 0)
    assert not model.stale
    assert model.table.status is HealthStatus.DEGRADED
    assert model.apply([samples.event(11, "engine_lost", None, cause="signal")], 0)
    model.report(samples.health(), samples.stats())
    assert model.rates[-1] == (0, 0)


def test_a_row_that_was_read_says_why() -> None:
    """Events do not. A row of a torrent that is gone is dropped."""
    model = model_of(IDS[0])
    hindrance = Hindrance(cause=HindranceCause.NO_PEERS, message="no peer is connected")
    model.update_row(samples.detail(IDS[0], hindrance=hindrance))
    model.update_row(samples.detail(IDS[1]))
    assert model.row is not None
    assert model.row.hindrance == hindrance
    assert type(model.row) is type(samples.row())
    assert len(model.table.rows) == 1


def test_few_rates_are_kept() -> None:
    """As many as a sparkline shows."""
    model = model_of(IDS[0])
    for _ in range(SAMPLES + 5):
        model.report(samples.health(), samples.stats())
    assert len(model.rates) == SAMPLES


@given(st.lists(st.tuples(st.sampled_from(["add", "remove", "select", "sort", "filter"]), st.integers(0, 19))))
def test_the_selection_is_shown_or_there_is_nothing_to_show(steps: list[tuple[str, int]]) -> None:
    """After any changes."""
    model = model_of(*IDS[:3])
    for seq, (step, number) in enumerate(steps, start=11):
        match step:
            case "add":
                data: dict[str, Any] = {"name": IDS[number], "paused": False, "save_path": "/", "labels": []}
                model.apply([samples.event(seq, "torrent_added", IDS[number], added_us=1, **data)], 0)
            case "remove":
                model.apply([samples.event(seq, "torrent_removed", IDS[number])], 0)
            case "select":
                model.select(number)
            case "sort":
                model.set_sort(list(SortKey)[number % len(SortKey)])
            case _:
                model.set_filter(f"{number:02x}" if number % 2 else "")
        model.arrange()
        assert (model.index is not None) is bool(model.rows)
        assert model.selected == (model.rows[model.index].torrent if model.index is not None else None)
