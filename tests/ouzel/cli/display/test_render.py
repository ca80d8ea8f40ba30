"""The output for people."""

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from ouzel.cli.display import render, statistics
from ouzel.stream.silence import DaemonAnswers, DaemonSilent
from ouzel.stream.table import Table
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow, TrackerRow, TrackerStatus
from protocol.wire.reports import HealthStatus, SandboxReport
from protocol.wire.rows import Hindrance, HindranceCause, RulesReport, TorrentState
from tests.ouzel.samples import (
    ID,
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
    """The output on a terminal without colours."""
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def table_of(*rows: object, status: HealthStatus = HealthStatus.HEALTHY) -> Table:
    """A table that began with rows."""
    table = Table()
    table.apply(resnapshot(*rows, status=status))  # type: ignore[arg-type]  # rows are TorrentRow
    return table


def test_one_torrent_in_full() -> None:
    """Rules and priorities as they were set."""
    rules = RulesReport(include=["*.mkv"], exclude=[], skip_fluff=True)
    shown = seen(render.torrent(detail(rules=rules, priorities={"3": 7}, revision=2, paused=True, age_ms=None)))
    assert "include *.mkv, skip fluff, file 3: priority 7" in shown
    assert "not yet" in shown
    assert "downloading (paused)" in shown
    assert "never" in shown
    assert "all files" in seen(render.torrent(detail()))


def test_why_a_torrent_does_not_move_and_how_its_trackers_are() -> None:
    """One line for each tracker, without keys, also for an added tracker of unknown status."""
    hindrance = Hindrance(cause=HindranceCause.NO_PEERS, message="no peer is connected")
    url = "udp://t.example:80/0123456789abcdef"
    status = [TrackerRow(url=f"{url}/{tier}", tier=tier, status=TrackerStatus.WORKING) for tier in range(2)]
    shown = seen(render.torrent(detail(hindrance=hindrance, stalled_since_us=1, tracker_status=status)), 120)
    assert "it makes no progress: no peer is connected" in shown
    assert shown.count("working: udp://t.example:80/…/…") == 2
    given = seen(render.torrent(detail(trackers=[url])))
    assert "udp://t.example:80/…" in given
    assert "0123456789abcdef" not in shown + given


def test_files() -> None:
    """Including an empty file."""
    lines = seen(render.files([file_row(), file_row(1, priority=0), file_row(2, size=0)])).splitlines()
    assert lines[1].split()[:3] == ["0", "4", "50.0%"]
    assert lines[2].split()[1] == "skipped"
    assert lines[3].split()[2] == "100.0%"


def test_peers() -> None:
    """An IPv6 address is not taken for markup, and a hostile name cannot control the terminal."""
    peer = PeerRow(
        endpoint="[fe80::7]:6881",
        client="e\x1b[2Jvil",
        flags=[PeerFlag.SEED, PeerFlag.REMOTE_UNCHOKED],
        progress=1.0,
        download_bps=1500,
        upload_bps=0,
        downloaded=3000,
        uploaded=0,
        connection=PeerConnection.WEB_SEED,
    )
    [_, line] = seen(render.peers([peer])).splitlines()
    assert " ".join(line.split()) == (
        "[fe80::7]:6881 100.0% 1.5 kB/s 0 B/s 3.0 kB 0 B web seed e\ufffd[2Jvil seed remote-unchoked"
    )


def test_health() -> None:
    """One line for the status, and one for each reason."""
    lines = seen(render.health(health(HealthStatus.DEGRADED, [reason()]))).splitlines()
    assert lines[0].startswith("degraded - engine running (generation 2, up 1 m 5 s, 1 restart), supervisor 0.1.0")
    assert lines[1].startswith("  warning: engine -: the engine is being restarted (since 2023-11-1")


def test_stats_and_limits() -> None:
    """With units."""
    assert "50.0 MB resident, 1 s of CPU, 20 files open" in seen(statistics.stats(stats()))
    assert seen(render.limits(settings())).strip() == "1.0 MB/s down, none up"


def test_crashes() -> None:
    """One line for each: its name for `show`, how the engine ended, and why the supervisor ended it."""
    dead = crash(name="20231114T221319.000001Z-gen6", signal=None, exit_code=3, killed_for=None)
    lines = seen(render.crashes([crash(), dead]), width=200).splitlines()
    assert crash().name in lines[1]
    assert "SIGABRT 1 m 5 s nothing was heard" in " ".join(lines[1].split())
    assert "exit code 3" in lines[2]


def test_a_crash_report_has_all_sections() -> None:
    """In words, and without control characters."""
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
    """The bar stays while the next engine starts."""
    assert seen(render.download(table_of(row(bytes_done=0)), ID), 120).count("\n") == 2
    hurt = row(error="engine lost", download_bps=0)
    shown = seen(render.download(table_of(hurt, status=HealthStatus.DEGRADED), ID), 120)
    assert "50.0%" in shown
    assert "engine lost" in shown
    assert "degraded" in shown
    assert "healthy" in seen(render.download(table_of(), ID))


def test_a_rate_is_shown_only_where_something_moves() -> None:
    """The last rate before completion or a pause is stale."""
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
    for shown in (seen(render.download(table, ID)), seen(render.overview(table, list(table.rows.values()), 120, 50))):
        assert "the daemon does not answer, since 2023-11-1" in shown
        assert "MB/s" not in shown
    table.apply(DaemonAnswers(since_us=1_700_000_000_000_000))
    shown = seen(render.overview(table, list(table.rows.values()), 120, 50))
    assert "2.0 MB/s" in shown
    assert "healthy" in shown
    assert "answers again" in render.event_line(DaemonAnswers(since_us=1_700_000_000_000_000))
    assert "does not answer" in render.event_line(DaemonSilent(silence_s=3.2, since_us=1_700_000_000_000_000))


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


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_of_one_torrent_is_cut_off(width: int) -> None:
    """Long values are wrapped: the id, a name of 250 bytes, and a path without blanks."""
    name, path = "名" * 83 + "x", "/srv/" + "x" * 150
    lines = [line[11:].strip() for line in seen(render.torrent(detail(name=name, save_path=path)), width).splitlines()]
    shown = "".join(lines)
    assert ID in shown
    assert name in shown
    assert path in shown
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(("width", "height"), [(20, 10), (40, 24), (80, 24), (200, 50)])
def test_an_overview_of_many_fits_the_terminal_with_the_health_below(width: int, height: int) -> None:
    """Also if reasons take several lines."""
    rows = [row(f"{number:040x}", name="名" * 83 + "x") for number in range(500)]
    table = Table()
    table.apply(resnapshot(*rows, status=HealthStatus.DEGRADED))
    table.reasons = [reason("the disk of /srv/downloads is full " * 2)]
    lines = seen(render.overview(table, rows, width, height), width).splitlines()
    assert len(lines) < height
    assert all(cell_len(line) <= width for line in lines)
    assert "degraded" in "".join(lines)
    assert "more" in "".join(lines)
