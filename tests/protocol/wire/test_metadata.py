"""The metadata in records: the content path, and what a record of an earlier version lacks."""

import msgspec
import pytest

from protocol.wire.metadata import KnownMetadata, content_of

KNOWN = KnownMetadata(name="set", size=9, piece_length=16, files=2, pieces=1)


@pytest.mark.parametrize(
    ("paths", "content"),
    [
        (["a.bin"], "a.bin"),
        (["set/a.bin"], "set/a.bin"),
        (["set/a", "set/sub/b"], "set"),
        (["new/set/a", "new/set/b"], "new"),
        (["a", "b"], ""),
        (["set/a", "sets/b"], ""),
        (["/else/where"], "/else/where"),
        (["/else/a", "/else/b"], ""),
        ([], ""),
    ],
)
def test_the_content_path_is_the_only_file_or_the_root_folder(paths: list[str], content: str) -> None:
    """Of several files only a folder that has all of them."""
    assert content_of(paths) == content


def test_a_content_path_like_the_name_is_not_stored() -> None:
    """So that it costs nothing in ten thousand records."""
    same, other = (msgspec.structs.replace(KNOWN, root=root) for root in ("set", ""))
    assert (same.root, same.content) == (None, "set")
    assert (other.root, other.content) == ("", "")
    assert msgspec.json.encode(same) == b'{"name":"set","size":9,"piece_length":16,"files":2,"pieces":1}'


def test_what_a_record_of_an_earlier_version_lacks_is_unknown() -> None:
    """It has no number of pieces."""
    old = msgspec.json.decode(b'{"name":"set","size":9,"piece_length":16,"files":2}', type=KnownMetadata)
    assert old.content is None


def test_texts_that_an_engine_does_not_know_are_kept() -> None:
    """An engine that has only the info dictionary does not know them."""
    stored = msgspec.structs.replace(KNOWN, comment="c", created_by="p", created_us=5)
    assert KNOWN.joined(stored) == stored
    assert KNOWN.joined(KNOWN) is KNOWN.joined(None) is KNOWN
    newer = msgspec.structs.replace(KNOWN, comment="other", created_us=6)
    assert newer.joined(stored) == msgspec.structs.replace(stored, comment="other", created_us=6)
