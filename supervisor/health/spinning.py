"""Makes the problem for `health` if a network thread uses a CPU core without traffic. Pure."""

from collections.abc import Callable, Sequence
from typing import Final

from supervisor.health.torrent_troubles import named

MANY_TRACKERS: Final = 20
"""The minimum number of failing trackers of a suspect."""

SUSPECTS: Final = 3
"""The number of suspects that are named."""


def problem(suspects: Sequence[tuple[str, int]], name_of: Callable[[str], str]) -> str:
    """The problem, with its possible cause and remedy.

    Args:
        suspects: the torrents with the most failing trackers, and the number of failing trackers of each.
    """
    start = "libtorrent's network thread has used a CPU core for a minute, though hardly any data was transferred"
    if not suspects:
        return (
            f"{start}: pause torrents one by one until it ends (`ouzel stats` shows the thread's load), and report it"
        )
    most = f"up to {suspects[0][1]} each"
    names = named([torrent for torrent, _ in suspects], name_of)
    return f"{start}; these have the most failing trackers ({most}): {names}; `ouzel pause ID` or remove such trackers"
