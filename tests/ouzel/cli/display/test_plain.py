"""Progress as plain lines: only news."""

from ouzel.cli.display.plain import PlainLines
from ouzel.stream.feed import Item
from ouzel.stream.silence import DaemonAnswers, DaemonSilent, Heard
from ouzel.stream.table import Table
from protocol.wire.reports import HealthStatus
from tests.ouzel.samples import ID, OTHER, event, progress, resnapshot, row


def test_a_line_at_changes_of_state_and_at_each_five_percent() -> None:
    """Nothing in between."""
    table, lines = Table(), PlainLines()
    said = []
    snapshot = resnapshot(row(progress=0.0))
    steps = [progress(10, progress=number / 100) for number in range(101)]
    items: list[Item] = [snapshot, *steps, event(11, state="seeding", previous="downloading")]
    for item in items:
        table.apply(item)
        said += lines.of(table, item)
    assert said[0] == "health: healthy - engine running"
    assert said[1] == "ubuntu.iso: downloading 0.0% at 2.0 MB/s"
    assert said[-1] == "ubuntu.iso: seeding 100.0%"
    assert len(said) == 1 + 21 + 1


def test_silence_of_the_daemon_is_news_and_its_end_too() -> None:
    """While it is silent, torrents have no lines."""
    table, lines = Table(), PlainLines()
    said = []
    since_us = 1_700_000_000_000_000
    silence: list[Heard] = [DaemonSilent(silence_s=3.0, since_us=since_us), DaemonAnswers(since_us=since_us)]
    for item in [resnapshot(row()), *silence]:
        table.apply(item)
        said += lines.of(table, item)
    assert said[2].startswith("health: the daemon does not answer, since 2023-11-1")
    assert said[3:] == ["health: healthy - engine running"]


def test_health_errors_and_removal_are_news() -> None:
    """Only for the selected torrent."""
    table, lines = Table(), PlainLines(ID)
    table.apply(resnapshot(row(), row(OTHER), status=HealthStatus.DEGRADED))
    assert [line.split(":")[0] for line in lines.of(table, None)] == ["health", "ubuntu.iso"]
    for item, said in (
        (
            event(11, "error", name="storage", message="disk\x1bfull", recoverable=True),
            ["disk\N{REPLACEMENT CHARACTER}full"],
        ),
        (event(12, "engine_lost", None), ["engine backing_off"]),
        (event(13, "completed", OTHER, bytes_done=5), []),
        (event(14, "torrent_removed", delete_files=False), ["removed"]),
        (event(15, "torrent_removed", delete_files=False), []),
        (resnapshot(row(OTHER)), ["health"]),
    ):
        table.apply(item)
        news = lines.of(table, item)
        assert len(news) == len(said)
        assert all(part in line for part, line in zip(said, news, strict=True))
