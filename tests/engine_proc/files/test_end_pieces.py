from hypothesis import given
from hypothesis import strategies as st

from engine_proc.files.end_pieces import TOP, end_pieces, piece_priorities

Files = list[tuple[int, int, int]]


@st.composite
def layouts(draw: st.DrawFn) -> Files:
    """Files that follow each other, with priorities."""
    sizes = draw(st.lists(st.integers(0, 50), max_size=8))
    offsets = [sum(sizes[:index]) for index in range(len(sizes))]
    return [(offset, size, draw(st.integers(0, 7))) for offset, size in zip(offsets, sizes, strict=True)]


def normal(files: Files, piece_length: int, piece: int) -> int:
    """The priority that libtorrent gives a piece: the highest of its files."""
    start, end = piece * piece_length, (piece + 1) * piece_length
    return max(priority for offset, size, priority in files if size and offset < end and offset + size > start)


def test_the_ends_of_selected_files_have_top_priority() -> None:
    """Of a file of one piece, this one. A piece that reaches into a selected file counts."""
    files = [(0, 25, 4), (25, 10, 0), (35, 5, 0), (40, 10, 1), (50, 0, 4)]
    assert end_pieces(files, 10, preferred=True) == {0: 7, 2: 7, 3: 0, 4: 7}
    assert end_pieces(files, 10, preferred=False) == {0: 4, 2: 4, 3: 0, 4: 1}


@given(files=layouts(), piece_length=st.integers(1, 20))
def test_without_preference_pieces_have_the_priority_of_their_files(files: Files, piece_length: int) -> None:
    """So a preference can be taken back; with it, no piece is downloaded that was not before."""
    plain = end_pieces(files, piece_length, preferred=False)
    preferred = end_pieces(files, piece_length, preferred=True)
    assert plain == {piece: normal(files, piece_length, piece) for piece in plain}
    assert plain.keys() == preferred.keys()
    for piece, priority in preferred.items():
        assert priority == (TOP if plain[piece] else 0)


def test_the_other_pieces_have_the_priority_of_their_files() -> None:
    """The highest one; pieces without a selected file are not downloaded."""
    files = [(0, 45, 4), (45, 30, 0), (75, 25, 1)]
    assert piece_priorities(files, 10, 10) == [7, 4, 4, 4, 7, 0, 0, 7, 1, 7]
    assert piece_priorities([(0, 0, 4)], 10, 0) == []
