"""A peer's IP address and port as text: `192.0.2.1:6881`, `[2001:db8::1]:6881`. Pure."""

import ipaddress


def normal(text: str) -> str:
    """A peer address in its normal form.

    Raises:
        ValueError: the text is not `address:port`, or no peer can have this address.
    """
    host, port = split(text)
    address = ipaddress.ip_address(host)
    if not (port.isascii() and port.isdecimal()) or not 1 <= int(port) <= 65535:
        raise ValueError("the port is not a number from 1 to 65535")
    if address.is_unspecified or address.is_multicast or getattr(address, "scope_id", None) is not None:
        raise ValueError("no peer can have this address")
    return f"[{address}]:{int(port)}" if address.version == 6 else f"{address}:{int(port)}"


def address(text: str) -> str:
    """The IP address in `address`, `[address]` or `address:port`, in its normal form.

    An IPv4-mapped IPv6 address is the IPv4 address. A scope (`fe80::1%eth0`) is dropped.

    Raises:
        ValueError: there is no address, or no peer can have it.
    """
    host, port = text, None
    if text.startswith("[") and text.endswith("]"):
        host = text[1:-1]
    elif text.startswith("[") or text.count(":") == 1:
        host, port = split(text)
    if port is not None and not (port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise ValueError("the port is not a number up to 65535")
    found = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_unspecified or found.is_multicast:
        raise ValueError("no peer can have this address")
    return str(found)


def split(text: str) -> tuple[str, str]:
    """Splits a peer address into the address, without brackets, and the port. Neither is checked."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), port
