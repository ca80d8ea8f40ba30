"""Content layouts: the paths with a root folder, and without."""

import pytest

from engine_proc.files.content_layout import renamed
from protocol.wire.desired import ContentLayout


@pytest.mark.parametrize(
    ("layout", "paths", "wanted"),
    [
        ("original", ["a/b"], {}),
        ("subfolder", ["a/b", "a/c/d"], {}),
        ("subfolder", ["film.mkv"], {0: "film/film.mkv"}),
        ("subfolder", ["README"], {0: "README/README"}),
        ("subfolder", [".hidden"], {0: ".hidden/.hidden"}),
        ("no_subfolder", ["a/b", "a/c/d"], {0: "b", 1: "c/d"}),
        ("no_subfolder", ["a/a"], {0: "a"}),
        ("no_subfolder", ["film.mkv"], {}),
        ("no_subfolder", ["a/b", "c/d"], {}),
    ],
)
def test_paths(layout: ContentLayout, paths: list[str], wanted: dict[int, str]) -> None:
    """Only the paths that differ are returned."""
    assert renamed(layout, dict(enumerate(paths))) == wanted
