"""Paths of another machine."""

from ouzel.cli.importing.moving import PathMap


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
