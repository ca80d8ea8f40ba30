"""The last events as lines."""

from ouzel.cli.top.view.log import KEPT, EventLog
from tests.ouzel import samples
from tests.ouzel.cli.top.conftest import HOSTILE


def words(log: EventLog) -> list[str]:
    """The lines without their times."""
    return [each.split(" ", 1)[1] for each in log.lines(KEPT)]


def test_events_are_told_with_the_torrents_name() -> None:
    """Untrusted text is harmless, and long values are cut."""
    log = EventLog()
    rows = {samples.ID: samples.told(name=HOSTILE)}
    log.event(samples.event(1, "state_changed", samples.ID, state="seeding", note="x" * 99), rows)
    log.event(samples.event(2, "torrent_added", samples.OTHER, name="new\x1b", save_path="/srv"), rows)
    log.event(samples.event(3, "torrent_removed", samples.OTHER), {})
    log.event(samples.event(4, "engine_lost", None, cause="signal"), {})
    log.note("done\u202e", 0)
    first, *others = words(log)
    assert first.endswith("state=seeding note=" + "x" * 59 + "\N{HORIZONTAL ELLIPSIS}")
    assert first.isprintable()
    assert others == [
        "torrent added new\N{REPLACEMENT CHARACTER}",
        f"torrent removed {samples.OTHER[:8]}",
        "engine lost cause=signal",
        "done\N{REPLACEMENT CHARACTER}",
    ]


def test_a_resnapshot_is_one_line() -> None:
    """The log keeps a limited number of lines."""
    log = EventLog()
    item = samples.resnapshot(samples.told())
    for _ in range(KEPT + 1):
        log.resnapshot(item, 0)
    assert len(log) == KEPT
    assert len(log.lines(3)) == 3
    assert log.lines(0) == []
    assert words(log)[0] == "connected: 1 torrent, healthy"
