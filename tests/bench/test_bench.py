"""Runs each benchmark on a small scale and checks that it measures, not the results."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tools.bench.__main__ import app

pytestmark = [pytest.mark.process, pytest.mark.network]


Bench = Callable[..., dict[str, Any]]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Bench:
    """Runs a benchmark in this process, whose imports are done. Returns the JSON document of one that was right."""

    def run(*argv: str) -> dict[str, Any]:
        code = app([*argv, "--json"], standalone_mode=False)
        told = capsys.readouterr()
        assert not code, told.out + told.err
        document: dict[str, Any] = json.loads(told.out)
        return document

    return run


def test_benchmarks_need_nothing_that_only_tests_do() -> None:
    """`scripts/bench` installs what Ouzel needs to run, and nothing that only the tests need."""
    blocked = "import sys; sys.modules.update(dict.fromkeys(('pytest', 'hypothesis', 'jsonschema'))); "
    start = "import runpy; sys.argv[1:] = ['--help']; runpy.run_module('tools.bench', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", blocked + start], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "many" in done.stdout


def test_throughput_measures_both_sides_in_each_run(bench: Bench) -> None:
    """And every download is what was seeded."""
    document = bench("throughput", "--size", "16", "--runs", "1", "--no-warm-up")
    assert len(document["bare"]) == len(document["ouzel"]) == 1
    assert document["ratio"] > 0


def test_kills_counts_every_request_and_reply(bench: Bench) -> None:
    """None is missing, none comes twice, and the engine was killed as often as asked for."""
    document = bench("kills", "--kills", "2", "--size", "32", "--seed-mbps", "20")
    assert len(document["kills"]) == 2
    requests = document["requests"]
    assert requests["answered_once"] == requests["sent"] > 0
    assert document["fetched_twice_bytes"] >= 0


@pytest.mark.parametrize("target", ["engine", "supervisor"])
def test_acknowledged_checks_what_it_was_told(bench: Bench, target: str) -> None:
    """As often as asked for; what is sent and not acknowledged is counted, too."""
    document = bench("acknowledged", "--kills", "1", "--target", target)
    assert len(document["moments"]) == 1
    assert document["sent"] >= sum(document["acknowledged"].values()) > 0
    assert document["losses"] == document["others"] == document["wrong"] == []


@pytest.mark.parametrize("kind", ["v1", "v2", "hybrid"])
def test_crash_tells_what_each_kill_cost(bench: Bench, kind: str) -> None:
    """Every download is what was seeded."""
    document = bench("crash", "--kind", kind, "--runs", "1", "--size", "24", "--seed-mbps", "4")
    [run] = document["runs"]
    assert run["kind"] == kind
    assert run["intact"]
    assert run["twice"] >= 0


def test_hangs_times_each_way(bench: Bench) -> None:
    """Each ends in a report with stacks."""
    document = bench("hangs", "--runs", "1", "--way", "lock")
    [hang] = document["hangs"]
    assert hang["stacks"]
    assert 0 < hang["died_s"] < hang["ready_s"] < hang["applied_s"]


def test_crash_refuses_a_kind_that_there_is_not() -> None:
    """The exit code is 2, and the message names the existing kinds."""
    argv = [sys.executable, "-m", "tools.bench", "crash", "--kind", "v3"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "hybrid" in done.stderr


def test_limits_refuses_a_transport_that_there_is_not() -> None:
    """The exit code is 2. Its measurements take minutes, so no test makes them."""
    argv = [sys.executable, "-m", "tools.bench", "limits", "--transport", "sctp"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "utp" in done.stderr


def test_limit_refuses_a_torrent_that_is_too_small_for_its_window() -> None:
    """The exit code is 2, and the message says how large the torrent has to be."""
    argv = [sys.executable, "-m", "tools.bench", "limit", "--mbps", "100", "--size", "16"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "MiB" in done.stderr


def test_many_times_every_way_back(bench: Bench) -> None:
    """Kills, a stop and a cold start, with no torrent refused or lost, and pings that came back meanwhile."""
    document = bench("many", "--n", "30", "--kills", "1", "--idle", "1")
    assert document["refused"] == document["lost"] == 0
    [kill] = document["kills"]
    assert 0 < kill["ready_s"] <= kill["restored_s"]
    assert kill["pings"]["replies"] > 1
    assert document["idle"]["engine_bytes"] > 0
    assert 0 < document["cold_ping_s"] < document["cold_seeding_s"]


def test_flight_counts_what_a_restore_records(bench: Bench) -> None:
    """Two calls for each torrent at least, one of which libtorrent confirms."""
    document = bench("flight", "--runs", "5", "--torrents", "5")
    assert min(document["ns"].values()) > 0
    assert document["per_restored_torrent"]["under way"] == 1
    assert document["per_restored_torrent"]["call"] >= 2


def test_leaks_finds_the_supervisor_as_it_was(bench: Bench) -> None:
    """As many descriptors, threads and children after some deaths of the engine as before, and no zombie."""
    document = bench("leaks", "--restarts", "8", "--warm-up", "2")
    before, after = document["before"], document["after"]
    assert document["restarts"] == 8
    assert [after[name] for name in ("fds", "threads", "children")] == [
        before[name] for name in ("fds", "threads", "children")
    ]
    assert after["zombies"] == 0


def test_failover_times_the_next_engine_with_the_spare_and_without(bench: Bench) -> None:
    """Each in its order: lost, started, served."""
    document = bench("failover", "--kills", "1", "--idle", "0.1")
    for [kill] in (document["warm"], document["cold"]):
        assert 0 < kill["lost_s"] < kill["started_s"]
        assert kill["started_s"] - 0.01 < kill["served_s"]  # two clocks
    assert document["spare"]["bytes"] > 0


def test_poison_finds_two_at_once(bench: Bench) -> None:
    """Within the bounds, which the benchmark checks itself, and nobody else is quarantined."""
    document = bench("poison", "--n", "5", "--kind", "strong", "--at-once", "2")
    [run] = document["runs"]
    assert (run["poisons"], run["wrong"]) == (2, 0)
    assert 0 < run["crashes"] <= run["bound"]


def test_wire_times_each_kind_of_request(bench: Bench) -> None:
    """One at a time and pipelined, none refused, and an honest client's during a flood."""
    document = bench("wire", "--n", "100", "--torrents", "100", "--flood", "0.5", "--no-events")
    for name in ("ping", "get_torrent", "update_limits"):
        assert document["trips"][name]["replies"] == 100
        assert document["pipelines_per_s"][name] > 0
    assert document["refused"] == {}
    assert document["flood"]["pages"] > 0
    assert document["flood"]["flooded"]["replies"] > 1


def test_log_compares_with_a_good_one(bench: Bench) -> None:
    """All is done with either, and health tells of the one that is stuck."""
    document = bench("log", "--kind", "socket", "--kills", "1", "--commands", "20")
    good, stuck = document["runs"]
    assert (good["kind"], good["told"]) == ("good", [])
    assert (stuck["kind"], len(stuck["told"])) == ("socket", 1)
    assert min(good["pings"][0], stuck["pings"][0]) > 1


def test_fuzz_counts_every_reply(bench: Bench) -> None:
    """Thousands of frames of all kinds: each id is answered once, both processes live, and memory is bounded."""
    document = bench("fuzz", "--frames", "3000", "--calm", "0.5")
    assert document["known"] == document["answered"] > 250
    assert document["too_many"] == 0
    assert document["engine_lived"] is document["supervisor_lived"] is True
    assert document["vandals"] == 30
    assert {"ok", "malformed_frame", "invalid_argument", "unknown_op"} <= document["replies"].keys()


def test_names_compares_what_is_judged_with_what_is_written(bench: Bench) -> None:
    """In four locales, by metainfo, link and resume data, which may lead out of the root."""
    document = bench("names", "--names", "300", "--seed", "3")
    assert len(document["locales"]) == 4
    for found in document["locales"].values():
        assert found["files"] >= found["names"] >= 300
        assert found["differences"] == found["outside"] == 0
        assert found["refused_by_judge"] > 0


def test_sandbox_measures_with_it_and_without(bench: Bench) -> None:
    """In turns, the same number of each."""
    document = bench("sandbox", "--size", "8", "--runs", "1", "--kills", "1", "--no-warm-up")
    assert {mode: len(kills) for mode, kills in document["restarts"].items()} == {"require": 2, "off": 2}
    assert {mode: len(samples) for mode, samples in document["downloads"].items()} == {"require": 1, "off": 1}


def test_globs_times_each_kind(bench: Bench) -> None:
    """And how long others waited."""
    document = bench("globs", "--files", "500", "--globs", "20")
    assert set(document["kinds"]) == {"extensions", "paths", "stars", "folders"}
    assert all(kind["took_s"] > 0 for kind in document["kinds"].values())


def test_gateway_measures_all_reads(bench: Bench) -> None:
    """The answers are complete, and each request is measured as often."""
    document = bench("gateway", "--n", "20", "--kills", "0", "--idle", "1")
    assert document["gateway"]["wrong"] == []
    assert {len(each) for each in document["gateway"]["seconds"].values()} == {9}
