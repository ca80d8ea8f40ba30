import pytest

from tools.compare.metrics import METRICS, OUZEL, SCALES, losses, percentile, ratio, shown, summarise
from tools.compare.works import WORKS

BPS = next(metric for metric in METRICS if metric.key == "download_bps")
SECONDS = next(metric for metric in METRICS if metric.key == "small_s")


def test_each_metric_has_a_work_and_a_unit_and_a_key_of_its_own() -> None:
    """The table has no row that nothing measures or shows."""
    assert {metric.work for metric in METRICS} == set(WORKS)
    assert {metric.unit for metric in METRICS} <= set(SCALES)
    assert len({metric.key for metric in METRICS}) == len(METRICS)


def test_a_ratio_above_one_means_that_ouzel_is_better() -> None:
    """Both where more is better, and where less is."""
    assert ratio(BPS, 200.0, 100.0) == 2.0
    assert ratio(SECONDS, 1.0, 3.0) == 3.0


@pytest.mark.parametrize("values", [(0.0, 1.0), (1.0, 0.0)])
def test_a_zero_has_no_ratio(values: tuple[float, float]) -> None:
    """There is no division by zero, and no ratio of 0."""
    assert ratio(SECONDS, *values) is None


def test_a_summary_has_medians_of_the_runs_that_have_the_metric() -> None:
    """One failed run, whose values are missing, changes nothing."""
    runs = {OUZEL: [{"small_s": 1.0}, {"small_s": 9.0}, {"small_s": 2.0}], "other": [{"small_s": 4.0}, {}]}
    [(key, row)] = summarise(runs).items()
    assert key == "small_s"
    assert (row[OUZEL].median, row[OUZEL].runs, row[OUZEL].ratio) == (2.0, 3, 1.0)
    assert (row["other"].median, row["other"].runs, row["other"].ratio) == (4.0, 1, 2.0)


def test_without_ouzel_there_are_medians_and_no_ratios() -> None:
    """As with `--programs aria2`."""
    assert summarise({"other": [{"small_s": 4.0}]})["small_s"]["other"].ratio is None


def test_losses_name_the_best_program_that_beats_ouzel() -> None:
    """A difference of 1 % is none, and neither is an equal zero."""
    runs = {
        OUZEL: [{"download_bps": 100.0, "small_s": 1.0, "give_bps": 99.0, "many_lost": 0.0}],
        "a": [{"download_bps": 120.0, "small_s": 2.0, "give_bps": 100.0, "many_lost": 0.0}],
        "b": [{"download_bps": 130.0, "small_s": 3.0}],
    }
    [(metric, name, theirs, ours)] = losses(summarise(runs))
    assert (metric.key, name, theirs.median, ours.median) == ("download_bps", "b", 130.0, 100.0)


def test_percentiles_are_by_nearest_rank() -> None:
    """So each percentile is one of the values."""
    values = [float(number) for number in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 0.99) == 7.0


def test_values_are_shown_in_units_for_people() -> None:
    """With the decimals of the unit."""
    assert shown(BPS, 123_456_789.0) == "123.5 MB/s"
    assert shown(next(metric for metric in METRICS if metric.unit == "cores"), 0.0123) == "1.23 % of a core"
    assert shown(next(metric for metric in METRICS if metric.unit == "count"), 3.0) == "3"
