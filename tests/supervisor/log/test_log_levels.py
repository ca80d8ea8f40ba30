import logging

from supervisor.log.log_levels import Levels


def told(levels: Levels) -> dict[str, tuple[str, str]]:
    """The level of each component, and who set each."""
    return {name: (each.level, each.source) for name, each in levels.report().levels.items()}


def test_the_most_specific_and_latest_word_counts() -> None:
    """A client's, the component's in the configuration, the command line's, and the configured one of all."""
    levels = Levels()
    assert set(told(levels).values()) == {("info", "default")}
    levels.follow("warning", {"engine": "error"})
    assert told(levels) == {
        "supervisor": ("warning", "file"),
        "engine": ("error", "file"),
        "libtorrent": ("info", "default"),
    }
    levels.of_command_line = "debug"
    levels.update({"libtorrent": "debug", "engine": "debug"})
    assert told(levels)["supervisor"] == ("debug", "file")
    assert told(levels)["libtorrent"] == told(levels)["engine"] == ("debug", "client")
    levels.update({"engine": None})
    assert levels.number("engine") == logging.ERROR
    assert levels.number("libtorrent") == levels.number("another") == logging.DEBUG


def test_a_reload_keeps_what_clients_have_set() -> None:
    """Until it is taken back."""
    levels = Levels()
    levels.update({"supervisor": "error"})
    levels.follow("debug", {})
    assert levels.number("supervisor") == logging.ERROR
    levels.update({"supervisor": None})
    assert levels.number("supervisor") == logging.DEBUG


def test_debug_for_all_does_not_flood_the_log() -> None:
    """libtorrent needs a word of its own."""
    levels = Levels()
    levels.follow("debug", {})
    assert levels.number("libtorrent") == logging.INFO
    levels.follow("debug", {"libtorrent": "debug"})
    assert levels.number("libtorrent") == logging.DEBUG
