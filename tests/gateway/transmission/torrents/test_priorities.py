"""The choice of files."""

import msgspec
import pytest

from gateway.transmission.failure import Failure
from gateway.transmission.torrents.priorities import chosen
from ouzel import FileRow

FILES = [
    FileRow(index=index, path=f"f{index}", size=1, priority=level, bytes_done=0)
    for index, level in enumerate((4, 0, 7))
]


def test_an_empty_list_means_all_files() -> None:
    """An empty list means all files."""
    assert chosen({"files-unwanted": []}, FILES) == {0: 0, 2: 0}
    assert chosen({"files-wanted": []}, FILES) == {1: 4}


def test_a_priority_does_not_select_a_file() -> None:
    """A priority does not select a file."""
    assert chosen({"priority-high": []}, FILES) == {0: 7}
    assert chosen({"priority-low": [1], "files-wanted": [1]}, FILES) == {1: 1}


def test_padding_files_do_not_count() -> None:
    """Clients know a file by its place in the list, which has no padding files."""
    padded = [msgspec.structs.replace(file, index=2 * file.index) for file in FILES]
    assert chosen({"files-unwanted": [2], "files-wanted": [1]}, padded) == {2: 4, 4: 0}


def test_there_is_no_such_file() -> None:
    """There is no such file."""
    with pytest.raises(Failure, match="out of range"):
        chosen({"files-wanted": [3]}, FILES)


def test_files_that_are_not_known_are_chosen_by_index() -> None:
    """Files that are not known are chosen by index."""
    assert chosen({"files-unwanted": [1], "priority-high": [0]}, None) == {0: 7, 1: 0}
