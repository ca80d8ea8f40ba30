"""Finds the client's address, and checks the headers `Host`, `Origin` and `Referer`. Pure."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from starlette.datastructures import Headers

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a request.

    Fields:
        address: the client's address, as the trusted proxies report it.
        host: the host by which the client reached the gateway, with its port if it has one.
        secure: whether the client's connection is encrypted.
    """

    address: str
    host: str
    secure: bool


def networks(texts: Sequence[str]) -> list[Network]:
    """Parses addresses and networks, such as `10.0.0.0/8`. Raises ValueError."""
    return [ipaddress.ip_network(text) for text in texts]


def origin_of(headers: Headers, peer: str, scheme: str, trusted: Sequence[Network]) -> Origin:
    """Returns the origin of a request. Ignores `X-Forwarded-*` headers if the peer is not trusted.

    Args:
        headers: the request's headers.
        peer: the address of the other end of the connection.
        scheme: `http` or `https`, of the connection.
        trusted: the networks of trusted proxies.
    """
    host, secure = headers.get("host", ""), scheme == "https"
    if not _within(peer, trusted):
        return Origin(peer, host, secure)
    proto = headers.get("x-forwarded-proto")
    return Origin(
        _client(peer, headers.getlist("x-forwarded-for"), trusted),
        headers.get("x-forwarded-host", host).split(",")[0].strip(),
        secure if proto is None else proto.split(",")[0].strip().lower() == "https",
    )


def host_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a host header has an IP address, a name without a dot, or an allowed name.

    A foreign web site can make its own name lead to the gateway's address. But the browser sends this name in the
    header. The name of a public web site always has a dot. The names of containers and `localhost` have no dot.

    Args:
        host: the header, with or without a port. An empty header is allowed, because no browser sends it.
        allowed: names, in which `*` stands for any text.
    """
    if not host:
        return True
    split = _split(host)
    if split is None:
        return False
    name = split[0].rstrip(".")
    return "." not in name or _is_address(name) or any(fnmatchcase(name, each.lower()) for each in allowed)


def same_origin(headers: Headers, host: str) -> bool:
    """Whether `Origin` has the same host as the request. If `Origin` is missing, checks `Referer`.

    If both headers are missing, the request is not from a browser, and the result is true. As in qBittorrent, the
    scheme does not matter.
    """
    source = headers.get("origin") or headers.get("referer")
    if not source:
        return True
    try:
        parts = urlsplit(source)
        found = parts.hostname, parts.port
    except ValueError:
        return False
    wanted = _split(host)
    if wanted is None or found[0] is None:
        return False
    default = 443 if parts.scheme == "https" else 80
    return (found[0], found[1] or default) == (wanted[0], wanted[1] or default)


def _client(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """Returns the last address that is not a trusted proxy. The client may have invented all earlier addresses."""
    address = peer
    for each in reversed(",".join(forwarded).split(",")):
        hop = each.strip()
        if not _is_address(hop):
            break
        address = hop
        if not _within(hop, trusted):
            break
    return address


def _split(host: str) -> tuple[str, int | None] | None:
    """Returns the name in lower case without brackets, and the port. None if the text is not a host."""
    try:
        parts = urlsplit(f"//{host}")
        if parts.hostname is None or parts.path or parts.query or parts.fragment or parts.username is not None:
            return None
        return parts.hostname, parts.port
    except ValueError:
        return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _within(address: str, trusted: Sequence[Network]) -> bool:
    if not trusted:
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in each for each in trusted)
