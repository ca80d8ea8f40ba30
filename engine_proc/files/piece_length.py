"""The length of a new torrent's pieces. Pure."""

from typing import Final

SHORTEST: Final = 16 * 1024
LONGEST: Final = 128 * 1024 * 1024
"""The longest length that libtorrent accepts."""

PIECES: Final = 2048
"""The maximum number of pieces if the piece length is at most USUAL_MAX."""
USUAL_MAX: Final = 16 * 1024 * 1024
PIECES_OF_HUGE: Final = 131_072


def automatic(size: int) -> int:
    """The shortest piece length with at most 2,048 pieces, but at most 16 MiB.

    If a payload is larger than 2 TiB, pieces are longer than 16 MiB. Then there are at most 131,072 pieces.
    """
    length = SHORTEST
    while length < LONGEST:
        pieces = -(-size // length)
        if pieces <= PIECES or (length >= USUAL_MAX and pieces <= PIECES_OF_HUGE):
            break
        length *= 2
    return length
