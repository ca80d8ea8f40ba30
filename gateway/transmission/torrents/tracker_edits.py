"""Reads changes of the trackers from the arguments of `torrent-set`. Pure."""

from typing import Any

from gateway.transmission.arguments import Arguments, integers, text, texts
from gateway.transmission.failure import Code, Failure

_SCHEMES = ("http://", "https://", "udp://", "ws://", "wss://")
Tiers = list[tuple[str, int]]


def parsed(listed: str) -> Tiers:
    """Reads a list of URLs, one in each line. An empty line separates two tiers. Raises Failure."""
    found: Tiers = []
    tier, used = 0, False
    for line in (each.strip() for each in listed.splitlines()):
        if line:
            if not line.lower().startswith(_SCHEMES):
                raise Failure("Invalid tracker list", Code.INVALID_TRACKER_LIST)
            found.append((line, tier))
            used = True
        elif used:
            tier, used = tier + 1, False
    return found


def is_given(arguments: Arguments) -> bool:
    """Whether the arguments change the trackers."""
    return any(name in arguments for name in ("trackerList", "trackerAdd", "trackerRemove", "trackerReplace"))


def edited(present: Tiers, arguments: Arguments) -> Tiers:
    """Returns the new list of trackers. The id of a tracker is its index in the present list. Raises Failure."""
    listed = text(arguments, "trackerList")
    if listed is not None:
        return parsed(listed)
    found: list[tuple[str, int] | None] = list(present)
    given = arguments.get("trackerReplace")
    replacing: list[Any] = given if isinstance(given, list) else []
    for number, url in zip(replacing[::2], replacing[1::2], strict=False):
        if not isinstance(number, int) or not 0 <= number < len(found) or not isinstance(url, str):
            raise Failure("error setting announce list", Code.INVALID_TRACKER_LIST)
        lines = parsed(url)
        if len(lines) != 1:
            raise Failure("error setting announce list", Code.INVALID_TRACKER_LIST)
        found[number] = (lines[0][0], present[number][1])
    for number in integers(arguments, "trackerRemove") or ():
        if not 0 <= number < len(found):
            raise Failure("error setting announce list", Code.INVALID_TRACKER_LIST)
        found[number] = None
    left = [each for each in found if each is not None]
    tier = max((tier for _, tier in left), default=-1)
    for url in texts(arguments, "trackerAdd") or ():
        for new, offset in parsed(url):
            if new not in {known for known, _ in left}:
                left.append((new, tier + 1 + offset))
        tier = max((each for _, each in left), default=-1)
    return left
