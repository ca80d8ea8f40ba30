"""Lines about the outcome of an add."""

from ouzel.cli.display import add_lines
from ouzel.client.calls import Added
from tests.ouzel.samples import ID, OTHER


def test_who_has_the_same_files_is_said_with_what_was_added() -> None:
    """On a line of its own, and only if a file is shared."""
    assert add_lines.added(Added(torrent=ID, duplicate=False)) == [f"added: {ID}"]
    told = add_lines.added(Added(torrent=ID, duplicate=False, shares_files_with=[OTHER] * 7), "x.torrent")
    assert told[0] == f"added: {ID} (x.torrent)"
    assert told[1].startswith(f"it shares files with {OTHER}")
    assert "and 2 more: whichever" in told[1]


def test_what_became_of_the_addresses_is_told() -> None:
    """Also by a newer daemon, in its own words."""
    for outcome, words in (("merged", "were merged"), ("private", "it is private"), ("other", "other")):
        [_, line] = add_lines.added(Added(torrent=ID, duplicate=True, merged=outcome))
        assert words in line
