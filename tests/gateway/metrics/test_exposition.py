import re

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics.exposition import OPTIONAL, TABLES, Exposition
from gateway.metrics.metric import Kind
from gateway.metrics.reading import Reading
from gateway.metrics.service_table import Scrape
from tests.gateway.metrics.readings import counters, full, metrics

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
ROWS = [metric for _, table in TABLES for metric in table]


def parsed(text: str) -> dict[tuple[str, str], float]:
    """The values by name and labels, as the parser of OpenMetrics reads them; it is strict."""
    found = {}
    for family in openmetrics.text_string_to_metric_families(text):  # type: ignore[no-untyped-call]  # has no types
        for sample in family.samples:
            found[sample.name, ",".join(sample.labels.values())] = sample.value
    return found


def written(reading: Reading, accept: str = OPENMETRICS, *, every_counter: bool = False) -> str:
    """The text of a reading."""
    return Exposition(every_counter=every_counter).write(reading, accept)[0].decode()


@pytest.mark.parametrize("metric", ROWS, ids=[metric.name for metric in ROWS])
def test_names_follow_the_conventions(metric: object) -> None:
    """Of Prometheus: a prefix, base units, and `_total` for counters only."""
    [row] = [each for each in ROWS if each is metric]
    assert re.fullmatch("ouzel_[a-z0-9_]+", row.name)
    assert (row.kind is Kind.COUNTER) == row.name.endswith("_total")
    assert not row.name.endswith(("_count", "_sum", "_bucket", "_info_total", "_ms", "_mb", "_kb"))
    assert row.kind is not Kind.HISTOGRAM or row.name.endswith("_seconds")
    assert row.help.endswith(".")
    assert all(re.fullmatch("[a-z]+", label) for label in row.labels)


def test_names_are_unique() -> None:
    """Over all tables."""
    names = [metric.name for metric in ROWS]
    assert len(names) == len(set(names))


def test_the_strict_parser_reads_all() -> None:
    """Labels with quotes, line ends and bytes that are no UTF-8, too."""
    found = parsed(written(full(raw=counters(2)), every_counter=True))
    assert found["ouzel_free_space_bytes", "/srv/a?"] == 5
    assert found["ouzel_torrents", "seeding"] == 7
    assert found["ouzel_torrents", "queued"] == 0
    assert found["ouzel_all_time_ratio", ""] == 0.5
    assert found["ouzel_engine_up", "0"] == 1
    assert found["ouzel_libtorrent", "dht.dht_nodes"] == 2
    assert found["ouzel_health_status", "degraded"] == 1
    assert found["ouzel_engine_crashes_total", ""] == 3
    assert found["ouzel_engine_restarts_total", "replaced"] == 4
    assert found["ouzel_engine_restarts_total", "killed"] == 0
    assert found["ouzel_ack_seconds_bucket", "+Inf"] == found["ouzel_ack_seconds_count", ""] == 10
    assert found["ouzel_ack_seconds_bucket", "0.005"] == 2
    assert found["ouzel_ack_seconds_sum", ""] == 1.5


def test_every_metric_has_samples_from_a_full_reading() -> None:
    """So that no row reads what no daemon sends. A root with a filter is the exception."""
    rows = [{"torrent": "a" * 40, "name": "x", "progress": 0.5, "size": 1, "downloaded": 1, "uploaded": 1}]
    rows[0] |= {"download_bps": 1, "upload_bps": 1, "peers": 1}
    reading = full(raw=counters(2), torrents=rows)
    names = {family.name for family in Exposition(every_counter=True).families(reading)}
    assert names == {metric.name.removesuffix("_total") for metric in ROWS}


def test_there_are_200_series_at_most() -> None:
    """Without the optional ones, and with as many categories, problems and errors as there can be."""
    lines = [line for line in written(full()).splitlines() if not line.startswith("#")]
    assert 100 < len(lines) <= 200
    assert {"raw", "torrents"} == OPTIONAL


def test_other_formats_are_negotiated() -> None:
    """The text format of Prometheus is the default, even after a malformed header."""
    for accept in ("", "text/plain;version=0.0.4", "application/openmetrics-text; version=x.y", "*/*"):
        text = written(full(), accept)
        names = {family.name for family in text_string_to_metric_families(text)}
        assert {"ouzel_up", "ouzel_torrents"} <= names


def test_small_categories_are_other() -> None:
    """A category with that name is added to them."""
    report = metrics({"": 50, "other": 40} | {f"c{each}": each + 1 for each in range(20)})
    found = parsed(written(full(metrics=report)))
    assert found["ouzel_torrents_by_category", ""] == 50
    assert found["ouzel_torrents_by_category", "other"] == 40 + sum(range(1, 13))
    assert sum(value for (name, _), value in found.items() if name == "ouzel_torrents_by_category") == 90 + 210


def test_a_daemon_that_is_away_leaves_only_the_scrape() -> None:
    """`ouzel_up` is 0."""
    found = parsed(written(Reading(Scrape(up=False, took_s=0.9, resident_bytes=5))))
    assert found == {
        ("ouzel_up", ""): 0,
        ("ouzel_scrape_seconds", ""): 0.9,
        ("ouzel_gateway_resident_memory_bytes", ""): 5,
    }
