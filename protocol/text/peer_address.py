"""A peer's address and port as text: `192.0.2.1:6881`, `[2001:db8::1]:6881`. Pure."""

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


def split(text: str) -> tuple[str, str]:
    """Splits a peer address into the address, without brackets, and the port. Neither is checked."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), port
