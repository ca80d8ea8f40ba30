"""What is made of libtorrent's parameters."""

from pathlib import Path

import pytest

from engine_proc import libtorrent_params
from tests.rig import payload


@pytest.mark.parametrize("kind", ["v1", "v2", "hybrid"])
def test_the_size_is_that_of_the_files_without_padding(tmp_path: Path, kind: str) -> None:
    """Whichever way they are aligned to pieces (BEP 47)."""
    made = payload.make(tmp_path, "set", {"a.bin": 40_000, "b.bin": 50_000}, piece_size=32 * 1024, version=kind)
    params = libtorrent_params.parse_metainfo(made.metainfo)
    layout = libtorrent_params.layout(params.ti, [], params.renamed_files)
    assert layout.size == 90_000
    assert sorted((file.path, file.size) for file in layout.files) == [("set/a.bin", 40_000), ("set/b.bin", 50_000)]
