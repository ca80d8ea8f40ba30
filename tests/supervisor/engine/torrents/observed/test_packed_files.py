from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.events.torrent_events import FileEntry
from supervisor.engine.torrents.observed.packed_files import PACKED, Metadata


@given(st.integers(0, 3 * PACKED + 1), st.integers(0, 3 * PACKED + 2))
def test_files_are_unpacked_as_they_were_packed(count: int, start: int) -> None:
    """All files from index `start` on, in order, whichever pack they are in."""
    files = [FileEntry(index, f"folder/{index}", index, index % 8) for index in range(count)]
    packed = Metadata.of(files)
    assert packed.count == count
    assert list(packed.files(start)) == files[start:]


def test_torrent_paths_stay_by_index() -> None:
    """A torrent without such paths shares one empty map with all others."""
    files = [FileEntry(0, "a.1.txt", 1, 4)]
    assert Metadata.of(files, {"0": "a.txt"}).torrent_paths == {"0": "a.txt"}
    assert Metadata.of(files, {}).torrent_paths is Metadata.of(files).torrent_paths


def test_files_get_the_names_in_the_record() -> None:
    """`torrent_paths` keeps the path in the torrent, and lists only files with another path on the disk."""
    files = [FileEntry(index, path, 1, 4) for index, path in ((0, "n/a"), (2, "n/b"), (3, "n/c.1"))]
    listed = Metadata.of(files, {"3": "n/c"})
    renamed = listed.renamed([(0, "x/a"), (1, "of a padding file"), (3, "n/d")])
    assert [file.path for file in renamed.files()] == ["x/a", "n/b", "n/d"]
    assert renamed.torrent_paths == {"0": "n/a", "3": "n/c"}
    back = renamed.renamed([(0, "n/a"), (3, "n/c")])
    assert [file.path for file in back.files()] == ["n/a", "n/b", "n/c"]
    assert back.torrent_paths == {}
    assert list(back.renamed([]).files()) == list(back.renamed([(0, "n/a")]).files()) == list(back.files())
