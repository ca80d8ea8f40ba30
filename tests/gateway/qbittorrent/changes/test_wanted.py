"""What `torrents/add` reads from its parameters."""

import pytest

from gateway.qbittorrent.changes.wanted import magnet_of, wanted_of


def test_without_parameters_everything_is_left_to_preferences() -> None:
    """Absent is not false."""
    found = wanted_of({}, queueing=False)
    assert (found.auto_tmm, found.paused, found.first, found.layout) == (None, None, None, None)
    assert (found.category, found.tags, found.save_path) == ("", [], "")
    assert found.arguments == {"sequential": False, "download_bps": 0, "upload_bps": 0}


def test_stopped_and_paused_are_the_same() -> None:
    """`stopped` is the name of 5.x, and counts first."""
    assert wanted_of({"paused": "true"}, queueing=False).paused is True
    assert wanted_of({"stopped": "false", "paused": "true"}, queueing=False).paused is False


def test_root_folder_is_the_old_name_of_the_layout() -> None:
    """`contentLayout` counts first."""
    assert wanted_of({"root_folder": "false"}, queueing=False).layout == "no_subfolder"
    assert wanted_of({"root_folder": "true"}, queueing=False).layout == "original"
    assert wanted_of({"root_folder": "true", "contentLayout": "Subfolder"}, queueing=False).layout == "subfolder"


def test_goals() -> None:
    """-2 is global, -1 none; absent and empty are global."""
    options = wanted_of(
        {"ratioLimit": "-1", "seedingTimeLimit": "-2", "inactiveSeedingTimeLimit": "", "shareLimitAction": "Remove"},
        queueing=True,
    ).options
    assert (options.ratio_goal, options.seeding_time_goal_s, options.inactive_time_goal_s) == (None, "global", "global")
    assert (options.goal_action, options.auto_managed) == ("remove", True)


@pytest.mark.parametrize(
    ("line", "magnet"),
    [
        ("magnet:?xt=urn:btih:1", "magnet:?xt=urn:btih:1"),
        ("MAGNET:?xt=urn:btih:1", "MAGNET:?xt=urn:btih:1"),
        ("a" * 40, f"magnet:?xt=urn:btih:{'a' * 40}"),
        ("A" * 32, f"magnet:?xt=urn:btih:{'A' * 32}"),
        ("b" * 64, f"magnet:?xt=urn:btmh:1220{'b' * 64}"),
        ("1220" + "b" * 64, f"magnet:?xt=urn:btmh:1220{'b' * 64}"),
        ("g" * 40, None),
        ("http://a.test/x", None),
        ("", None),
    ],
)
def test_links_and_hashes_become_magnet_links(line: str, magnet: str | None) -> None:
    """v1 in hex and base32, v2 with and without the prefix of a multihash."""
    assert magnet_of(line) == magnet
