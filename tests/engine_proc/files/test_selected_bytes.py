"""The bytes of a selection are those of its files, whatever pieces they share with others."""

from hypothesis import given
from hypothesis import strategies as st

from engine_proc.files import selected_bytes
from engine_proc.files.selected_bytes import FileSpan

PIECE = 16

FILES = st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.booleans()), max_size=12)
"""Size, wanted, and whether padding up to the next piece follows."""


def spans(files: list[tuple[int, bool, bool]]) -> tuple[list[FileSpan], int]:
    """The files, and the length of the torrent."""
    found, offset = [], 0
    for size, wanted, padded in files:
        found.append(FileSpan(offset, size, wanted))
        offset += size + (-(offset + size) % PIECE if padded else 0)
    return found, offset


def touching(file: FileSpan) -> range:
    """The pieces of a file."""
    return range(file.offset // PIECE, (file.offset + file.size - 1) // PIECE + 1) if file.size else range(0)


def overlap(file: FileSpan, piece: int) -> int:
    """How many bytes of a file are in a piece."""
    return max(0, min(file.offset + file.size, (piece + 1) * PIECE) - max(file.offset, piece * PIECE))


@given(FILES, st.data())
def test_with_whole_pieces_it_is_the_bytes_of_the_files_in_them(
    files: list[tuple[int, bool, bool]], data: st.DataObject
) -> None:
    """Blocks of other pieces aside, it is exact."""
    found, length = spans(files)
    pieces = -(-length // PIECE)
    have = data.draw(st.lists(st.booleans(), min_size=pieces, max_size=pieces))
    wanted_pieces = {piece for file in found if file.wanted for piece in touching(file)}
    wanted = sum(overlap(file, piece) for file in found for piece in wanted_pieces)
    counted = sum(overlap(file, piece) for file in found for piece in wanted_pieces if have[piece])
    truth = sum(overlap(file, piece) for file in found if file.wanted for piece in wanted_pieces if have[piece])

    selected = selected_bytes.of(found, PIECE)

    assert selected.total == sum(file.size for file in found if file.wanted)
    assert selected.done(counted, wanted, have) == truth


@given(FILES, st.data())
def test_it_is_never_more_than_there_can_be(files: list[tuple[int, bool, bool]], data: st.DataObject) -> None:
    """Also with blocks of incomplete pieces, and with pieces of unknown state."""
    found, length = spans(files)
    selected = selected_bytes.of(found, PIECE)
    have = data.draw(st.lists(st.booleans(), max_size=-(-length // PIECE)))
    counted = data.draw(st.integers(0, length + PIECE))

    done = selected.done(counted, counted + 1, have)

    assert 0 <= done <= selected.total
    assert (
        done < selected.total
        or not selected.borders
        or all(border.piece < len(have) and have[border.piece] for border in selected.borders)
    )
