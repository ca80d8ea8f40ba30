"""Checks arguments beyond their types, and converts arguments to their form in a record. Pure.

Each check raises OuzelError: INVALID_ARGUMENT. The error names the argument.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from protocol.text import peer_address
from protocol.wire.commands.kinds import Priorities
from protocol.wire.commands.option_commands import UpdateOptions
from protocol.wire.commands.tracker_commands import TrackerEntry
from protocol.wire.desired import RULES_MAX, Selection, TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError


def check_rules(selection: Selection, field: str) -> None:
    """Refuses file rules if their total length exceeds RULES_MAX."""
    if sum(map(len, (*selection.include, *selection.exclude))) > RULES_MAX:
        problem = f"{field}: the globs of a torrent have {RULES_MAX} characters together at the most"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field)


def check_limits(given: UpdateOptions | TorrentOptions, field: str) -> None:
    """Refuses limits of a torrent that libtorrent does not accept."""
    for name in ("max_connections", "max_uploads"):
        if getattr(given, name) == 1:
            problem = f"{field}.{name}: must be 0 or at least 2, since libtorrent accepts no less"
            raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=f"{field}.{name}")


def check_url(url: str, field: str) -> None:
    """Refuses a URL without a host, or with port 0."""
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:
            raise ValueError("it has no host, or port 0")
    except ValueError as error:
        problem = f"{field}: {url!r} is no address ({error})"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field) from error


def tiers(trackers: Sequence[TrackerEntry], field: str) -> dict[str, int]:
    """Returns the tiers of trackers by URL. Refuses a URL that is not an address, and a repeated URL."""
    found: dict[str, int] = {}
    for index, tracker in enumerate(trackers):
        named = f"{field}[{index}].url"
        check_url(tracker.url, named)
        if tracker.url in found:
            problem = f"{named}: {tracker.url!r} is given twice"
            raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=named)
        found[tracker.url] = tracker.tier
    return found


def by_index(priorities: Priorities) -> dict[str, int]:
    """Returns priorities by file index, as records store priorities. The index is a decimal text."""
    if isinstance(priorities, list):
        return {str(index): priority for index, priority in enumerate(priorities)}
    return priorities


def peer_ip(peer: str) -> str:
    """Returns the IP address of `args.peer`, in its normal form."""
    try:
        return peer_address.address(peer)
    except ValueError as error:
        problem = f"args.peer: {peer!r} is neither an IP address nor address:port ({error})"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.peer") from error


def endpoints(peers: list[str]) -> list[str]:
    """Returns the peers of `args.peers`, each normalized to `address:port`."""
    return [_endpoint(peer, f"args.peers[{index}]") for index, peer in enumerate(peers)]


def _endpoint(peer: str, field: str) -> str:
    try:
        return peer_address.normal(peer)
    except ValueError as error:
        raise OuzelError(
            ErrorKind.INVALID_ARGUMENT, f"{field}: {peer!r} is not address:port ({error})", field=field
        ) from error
