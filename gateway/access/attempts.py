"""Failed logins by address, and bans. Pure."""

import ipaddress
from collections import OrderedDict
from typing import Final

MAX_ADDRESSES: Final = 10_000
"""The maximum number of addresses. Beyond it, the address with the oldest last failure is dropped."""
DELAY_S: Final = 0.25
MAX_DELAY_S: Final = 2.0
IPV6_PREFIX: Final = 64
"""The network that counts as one address. A client with one IPv6 address can usually use the whole network."""


class Attempts:
    """Counts failed logins. Times are monotonic seconds.

    Args:
        maximum: the number of failures after which an address is banned. 0 means that no address is banned.
        ban_s: the duration of a ban. A failure counts for the same time.
    """

    def __init__(self, maximum: int, ban_s: float) -> None:
        self._maximum = maximum
        self._ban_s = ban_s
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """By source: the number of failures, and the time of the last one."""

    def banned(self, address: str, now: float) -> bool:
        """Whether logins from an address are refused."""
        return 0 < self._maximum <= self._count(_source(address), now)

    def failed(self, address: str, now: float) -> float:
        """Counts a failure. Returns the delay of the answer in seconds."""
        source = _source(address)
        count = self._count(source, now) + 1
        self._failures[source] = count, now
        self._failures.move_to_end(source)
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)
        return min(MAX_DELAY_S, DELAY_S * count)

    def succeeded(self, address: str) -> None:
        """Drops the failures of an address, after a successful login."""
        self._failures.pop(_source(address), None)

    def _count(self, source: str, now: float) -> int:
        count, last = self._failures.get(source, (0, now))
        if last + self._ban_s < now:
            del self._failures[source]
            return 0
        return count


def _source(address: str) -> str:
    """Returns an IPv4 address unchanged, and the network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), IPV6_PREFIX), strict=False))
    return str(found)
