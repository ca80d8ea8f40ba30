"""The trackers of a .torrent file: `announce` (BEP 3) and `announce-list` (BEP 12). Pure."""

from collections.abc import Iterable


def members(trackers: Iterable[tuple[str, int]]) -> dict[bytes, object]:
    """Returns the members of a .torrent file that list these trackers. Leaves out tiers without a tracker.

    `announce` is the first tracker, for clients that do not read `announce-list`.
    """
    tiers: dict[int, list[bytes]] = {}
    for url, tier in trackers:
        tiers.setdefault(tier, []).append(url.encode())
    ordered = [tiers[tier] for tier in sorted(tiers)]
    if not ordered:
        return {}
    announce: dict[bytes, object] = {b"announce": ordered[0][0]}
    return announce if sum(map(len, ordered)) == 1 else {**announce, b"announce-list": ordered}
