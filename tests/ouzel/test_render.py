"""What people see."""

import msgspec
import pytest
from rich.console import Console, RenderableType

from ouzel import render
from ouzel.calls import Added
from ouzel.silence import DaemonAnswers, DaemonSilent
from ouzel.table import Table
from protocol.rows import HealthStatus, RulesReport, SandboxReport, TorrentState
from tests.ouzel.samples import (
    ID,
    OTHER,
    crash,
    detail,
    event,
    file_row,
    health,
    reason,
    resnapshot,
    row,
    settings,
    stats,
)


def seen(renderable: RenderableType, width: int = 400) -> str:
    """As a terminal without colours shows it."""
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def table_of(*rows: object, status: HealthStatus = HealthStatus.HEALTHY) -> Table:
    """A table that began with rows."""
    table = Table()
    table.apply(resnapshot(*rows, status=status))  # type: ignore[arg-type]  # rows are TorrentRow
    return table


def test_torrents_are_a_line_each() -> None:
    """With the digits of the id that commands take."""
    assert "ERROR" not in seen(render.torrents([row()]))
    lines = seen(render.torrents([row(), row(OTHER, error="disk full")])).splitlines()
    assert lines[0].split() == ["ID", "NAME", "STATE", "DONE", "SIZE", "DOWN", "UP", "PEERS", "ERROR"]
    assert lines[1].split()[:4] == [ID[:8], "ubuntu.iso", "downloading", "50.0%"]
    assert lines[2].endswith("disk full")


def test_names_cannot_steer_the_terminal_nor_the_markup() -> None:
    """They come from strangers."""
    shown = seen(render.torrents([row(name="\x1b[31mred[bold]x")]))
    assert "\x1b" not in shown
    assert "[31mred[bold]x" in shown


def test_one_torrent_in_full() -> None:
    """Rules and priorities as they were asked for."""
    rules = RulesReport(include=["*.mkv"], exclude=[], skip_fluff=True)
    shown = seen(render.torrent(detail(rules=rules, priorities={"3": 7}, revision=2, paused=True, age_ms=None)))
    assert "include *.mkv, skip fluff, file 3: priority 7" in shown
    assert "not yet" in shown
    assert "downloading (paused)" in shown
    assert "never" in shown
    assert "all files" in seen(render.torrent(detail()))


def test_files() -> None:
    """An empty file is there."""
    lines = seen(render.files([file_row(), file_row(1, priority=0), file_row(2, size=0)])).splitlines()
    assert lines[1].split()[:3] == ["0", "4", "50.0%"]
    assert lines[2].split()[1] == "skipped"
    assert lines[3].split()[2] == "100.0%"


def test_health() -> None:
    """A line, and one for each reason."""
    lines = seen(render.health(health(HealthStatus.DEGRADED, [reason()]))).splitlines()
    assert lines[0].startswith("degraded - engine running (generation 2, up 1 m 5 s, 1 restart), supervisor 0.1.0")
    assert lines[1].startswith("  warning: engine -: the engine is being restarted, since 2023-11-1")


def test_stats_and_limits() -> None:
    """Units are said."""
    assert "50.0 MB resident, 1 s of CPU, 20 files open" in seen(render.stats(stats()))
    assert seen(render.limits(settings())).strip() == "1.0 MB/s down, none up"


def test_crashes() -> None:
    """One line each: its name for `show`, how it ended, and why the supervisor ended it."""
    dead = crash(name="20231114T221319.000001Z-gen6", signal=None, exit_code=3, killed_for=None)
    lines = seen(render.crashes([crash(), dead]), width=200).splitlines()
    assert crash().name in lines[1]
    assert "SIGABRT 1 m 5 s nothing was heard" in " ".join(lines[1].split())
    assert "exit code 3" in lines[2]


def test_a_crash_report_has_all_sections() -> None:
    """In words, without what could steer a terminal."""
    text = seen(render.crash(crash()), width=200)
    for part in (
        "SIGABRT, after 1 m 5 s",
        "nothing was heard of the engine for 3.0 s",
        "generation 7, pid 4242",
        "libtorrent 2.1.1",
        "Fatal Python error: Aborted",
        "the last line",
        f"what=add_torrent  torrent={ID}",
        "engine.proxy_password = (hidden)",
    ):
        assert part in text
    assert "\x1b" not in text
    assert "FLIGHT RECORDER, THE LATEST FIRST\nnone" in seen(render.crash(crash(flight=[])), width=200)


def test_events_are_one_line() -> None:
    """Long data is cut."""
    line = render.event_line(event(3, "files_discovered", files=["x" * 200]))
    assert f"#3 files_discovered {ID[:8]} files=['xxx" in line
    assert len(line) < 200
    assert "resnapshot (start): 1 torrent, healthy" in render.event_line(resnapshot(row()))


def test_a_download_shows_what_is_wrong_below_its_bar() -> None:
    """The bar stays while the engine comes back."""
    assert seen(render.download(table_of(row(bytes_done=0)), ID), 120).count("\n") == 2
    hurt = row(error="engine lost", download_bps=0)
    shown = seen(render.download(table_of(hurt, status=HealthStatus.DEGRADED), ID), 120)
    assert "50.0%" in shown
    assert "engine lost" in shown
    assert "degraded" in shown
    assert "healthy" in seen(render.download(table_of(), ID))


def test_a_rate_is_shown_only_where_something_moves() -> None:
    """What a torrent was told last, before it was complete or paused, is stale."""
    assert "2.0 MB/s 3 peers 0 ms left" in " ".join(seen(render.download(table_of(row()), ID)).split())
    at_rest = [row(state=TorrentState.FINISHED, progress=1.0), row(state=TorrentState.PAUSED), row(progress=1.0)]
    for each in at_rest:
        shown = seen(render.download(table_of(each), ID))
        assert "B/s" not in shown
        assert "left" not in shown


def test_a_daemon_that_does_not_answer_is_told_and_nothing_moves() -> None:
    """Since when, until it answers again."""
    table = table_of(row())
    table.apply(DaemonSilent(silence_s=3.2, since_us=1_700_000_000_000_000))
    for shown in (seen(render.download(table, ID)), seen(render.overview(table, list(table.rows.values()), 50))):
        assert "the daemon does not answer, since 2023-11-1" in shown
        assert "MB/s" not in shown
    table.apply(DaemonAnswers(since_us=1_700_000_000_000_000))
    shown = seen(render.overview(table, list(table.rows.values()), 50))
    assert "2.0 MB/s" in shown
    assert "healthy" in shown
    assert "answers again" in render.event_line(DaemonAnswers(since_us=1_700_000_000_000_000))
    assert "does not answer" in render.event_line(DaemonSilent(silence_s=3.2, since_us=1_700_000_000_000_000))


def test_a_row_that_no_engine_told_of_for_long_says_how_old_it_is() -> None:
    """Where it is asked for: the rows of a stream keep the age that they had."""
    rows = [row(age_ms=12_000), row(OTHER), row(age_ms=None)]
    lines = seen(render.torrents(rows, ages=True)).splitlines()
    assert lines[0].split()[-1] == "AGE"
    assert [line.rstrip().endswith("12 s old") for line in lines[1:]] == [True, False, False]
    assert "old" not in seen(render.torrents(rows))
    assert "AGE" not in seen(render.torrents([row()], ages=True))


@pytest.mark.parametrize(("height", "fits"), [(6, 2), (50, 5)])
def test_an_overview_fits_the_terminal_and_shows_the_active_first(height: int, fits: int) -> None:
    """And says how many are not shown."""
    rows = [row(f"{number:040x}", name=f"n{number}", state=TorrentState.PAUSED) for number in range(4)]
    busy = row(name="busy")
    shown = seen(render.overview(table_of(*rows, busy), [*rows, busy], height))
    assert shown.splitlines()[1].split()[1] == "busy"
    assert ("and 3 more" in shown) == (fits == 2)


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (SandboxReport(mode="auto", landlock=7, seccomp=True), "  sandbox auto: Landlock 7, seccomp"),
        (SandboxReport(mode="off"), "  sandbox off: no Landlock, no seccomp"),
        (
            SandboxReport(mode="auto", seccomp=True, problem="Landlock: the kernel does not have it"),
            "  sandbox auto: no Landlock, seccomp; Landlock: the kernel does not have it",
        ),
    ],
)
def test_what_confines_the_engine(report: SandboxReport, line: str) -> None:
    """In the last line of health."""
    told = msgspec.structs.replace(health(), sandbox=report)
    assert seen(render.health(told)).splitlines()[-1].rstrip() == line


def test_who_has_the_same_files_is_said_with_what_was_added() -> None:
    """On a line of its own, and only where somebody has."""
    assert render.added(Added(torrent=ID, duplicate=False)) == f"added: {ID}"
    told = render.added(Added(torrent=ID, duplicate=False, shares_files_with=[OTHER]))
    assert told.splitlines()[1].startswith(f"it shares files with {OTHER}")
