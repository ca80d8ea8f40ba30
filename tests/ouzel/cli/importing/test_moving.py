"""Paths of another machine, and the options of a torrent."""

from ouzel.cli.importing.moved_torrent import MovedTorrent
from ouzel.cli.importing.moving import PathMap, options
from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions


def test_paths_are_mapped_by_their_longest_begin() -> None:
    """Of whole names. Other paths stay."""
    mapped = PathMap({"/downloads": "/srv", "/downloads/films": "/films"})
    assert [mapped(path) for path in ("/downloads", "/downloads/a b", "/downloads/films/x", "/downloads2", "")] == [
        "/srv",
        "/srv/a b",
        "/films/x",
        "/downloads2",
        "",
    ]


def test_goals_and_the_rest_are_options() -> None:
    """A torrent that is paused is not started by force. A goal of less than a second is one second."""
    assert options(MovedTorrent("a", "a", "/a")) == DEFAULT_OPTIONS
    given = MovedTorrent(
        "a",
        "a",
        "/a",
        first_last_piece_first=True,
        forced=True,
        ratio_goal=1.5,
        seeding_time_goal_s="none",
        inactive_time_goal_s=0.5,
    )
    assert options(given) == TorrentOptions(
        first_last_piece_first=True,
        force_start=True,
        ratio_goal=1.5,
        seeding_time_goal_s=None,
        inactive_time_goal_s=1,
    )
    assert not options(MovedTorrent("a", "a", "/a", forced=True, paused=True)).force_start
