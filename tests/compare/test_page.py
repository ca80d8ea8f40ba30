import json
import re
import sys

from tools.compare.metrics import METRICS, OUZEL
from tools.compare.page import page
from tools.compare.plots import FIRSTS, plot
from tools.compare.result import Failure, Result

MACHINE = {"cpus": 2, "cpu": "a CPU", "memory_bytes": 8e9, "kernel": "6.1", "python": "3.11.7", "load": 0.1}
SIZES = {"big_mib": 1024, "tiny": 1000, "small": 300, "idle_s": 10.0, "calls": 200, "limit_s": 45.0}


def result() -> Result:
    """A result of two programs, without a value of the other one for `small`."""
    return Result(
        command="scripts/bench compare",
        date="2026-11-30",
        machine=MACHINE,
        versions={OUZEL: "0.1.0", "other": "1.2"},
        missing={"absent": "no compiler"},
        sizes=SIZES,
        runs={OUZEL: [{"download_bps": 1e8}, {"small_s": 2.0}], "other": [{"download_bps": 2e8}]},
        failures=[Failure("other", "small", "run 1: it ended")],
        took_s=60.0,
    )


def test_a_document_gives_the_same_result_again() -> None:
    """So `--from` writes the page of an earlier run."""
    made = result()
    assert Result.of(json.loads(json.dumps(made.document()))) == made


def test_the_page_has_a_row_for_each_measured_metric() -> None:
    """A program that lacks the metric has a dash."""
    lines = page(result(), {}).splitlines()
    assert "| Download, to the last byte on disk | 100.0 MB/s | 200.0 MB/s (0.50) |" in lines
    assert "| Many small torrents at once from one seed | 2.00 s | – |" in lines


def test_the_page_says_plainly_where_ouzel_loses_and_what_is_missing() -> None:
    """Programs, failed runs, and the plots are named."""
    text = page(result(), {"download": "benchmark/download.svg"})
    assert "- Download, to the last byte on disk: other 200.0 MB/s, Ouzel 100.0 MB/s." in text
    assert "- absent: not here: no compiler" in text
    assert "- other, work `small`: run 1: it ended" in text
    assert "![download](benchmark/download.svg)" in text


def test_the_page_has_no_field_left_unfilled() -> None:
    """With all metrics, all texts are on the page."""
    text = page(Result(**{**vars(result()), "runs": {OUZEL: [{metric.key: 1.0 for metric in METRICS}]}}), {})
    assert not re.search(r"[{}]", text)


def test_a_plot_has_a_bar_for_each_program_and_loads_nothing() -> None:
    """Browsers show the file without a network."""
    cells = result().cells
    drawn = plot(FIRSTS["download"], cells["download_bps"])
    assert drawn.startswith("<svg")
    assert "100.0" in drawn
    assert "200.0" in drawn
    assert "<script" not in drawn
    assert not re.findall(r'(?:href|src)="http', drawn)
    # pygal adds a finder of an old form. With it, a later import of a missing module would warn.
    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)
