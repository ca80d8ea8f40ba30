from ouzel.cli.display.piece_map import LEGEND, piece_map
from protocol.wire.results import PieceReport
from tests.ouzel.cli.display.test_render import seen


def lines(pieces: int, have: bytes, availability: bytes = b"", width: int = 80) -> list[str]:
    """The output without the legend."""
    *found, legend = seen(
        piece_map(PieceReport(pieces=pieces, have=have, availability=availability, age_ms=0), width)
    ).splitlines()
    assert legend == LEGEND
    return found


def test_a_character_for_each_piece() -> None:
    """Spare bits are not shown."""
    head, drawn = lines(10, b"\xa0\x40", bytes([1, 1, 1, 2, 2, 2, 2, 0, 1, 3]))
    assert head == "10 pieces, 3 complete (30.0%); the connected peers have 0.90 copies"
    assert drawn == "#.#....!.#"


def test_a_character_for_several_pieces() -> None:
    """Lines are as wide as the terminal, and there is a limited number of them."""
    head, *drawn = lines(1_000_000, b"\xff" * 62_500 + bytes(62_500), width=50)
    assert head == "1000000 pieces, 500000 complete (50.0%)"
    assert drawn == ["#" * 50] * 8 + ["." * 50] * 8
    assert lines(1, b"\x80") == ["1 piece, 1 complete (100.0%)", "#"]
    _, *drawn = lines(3200, b"\xaa" * 400, bytes(3200), width=100)
    assert drawn == ["+" * 100] * 16


def test_a_torrent_without_pieces() -> None:
    """A torrent of empty files has none."""
    assert lines(0, b"") == ["0 pieces, 0 complete (0.0%)"]
