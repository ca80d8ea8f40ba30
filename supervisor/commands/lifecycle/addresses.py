"""Merges the trackers and web seeds of a duplicate into an existing torrent. Pure."""

from collections.abc import Sequence

import msgspec

from protocol.wire.desired import ADDRESSES_MAX, TIER_MAX, DesiredTorrent, TrackerEdits


def merge_addresses(
    desired: DesiredTorrent,
    present: Sequence[tuple[str, int]],
    trackers: Sequence[tuple[str, int]],
    extra: Sequence[str],
    web_seeds: Sequence[str],
) -> DesiredTorrent:
    """Returns a record with more trackers and web seeds. Present trackers and web seeds are not changed.

    New trackers come after the present trackers, in their own order. Beyond ADDRESSES_MAX, no address is added.

    Args:
        present: the known trackers of the torrent, each with its tier.
        trackers: the trackers in the other source, each with its tier.
        extra: the trackers that the client gave. They get one tier after the tiers of the source.
    """
    edits = desired.tracker_edits or TrackerEdits()
    known = {url for url, _ in (*present, *edits.added)} | set(desired.trackers)
    first = max((tier for _, tier in (*present, *edits.added)), default=-1) + 1
    after = max((tier for _, tier in trackers), default=-1) + 1
    new: dict[str, int] = {}
    for url, tier in (*trackers, *((url, after) for url in extra)):
        if url not in known:
            new.setdefault(url, min(TIER_MAX, first + tier))
    if new and len(edits.added) + len(edits.removed) + len(desired.trackers) + len(new) <= ADDRESSES_MAX:
        desired = msgspec.structs.replace(desired, tracker_edits=edits.add(new.items()))
    seeds = {url.removesuffix("/"): url for url in desired.web_seeds}
    added = {url.removesuffix("/"): url for url in web_seeds}
    if added.keys() - seeds.keys() and len(added | seeds) + len(desired.removed_web_seeds) <= ADDRESSES_MAX:
        removed = tuple(url for url in desired.removed_web_seeds if url.removesuffix("/") not in added)
        desired = msgspec.structs.replace(
            desired, web_seeds=tuple((seeds | added | seeds).values()), removed_web_seeds=removed
        )
    return desired
