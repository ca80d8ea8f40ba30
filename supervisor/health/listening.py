"""Checks whether the session listens on the configured ports. Makes the problem for `health`. Pure.

If a port is in use, libtorrent uses the next free port. libtorrent reports only the port that it uses.
"""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Any, Final

from supervisor.health.health import Severity

DEFAULT: Final = "0.0.0.0:6881,[::]:6881"
"""libtorrent's own `listen_interfaces`."""

_PROXIES: Final = range(1, 6)
"""The values of `proxy_type` for SOCKS and HTTP proxies."""

_FORWARDED: Final = "peers and port forwardings look for it at the wanted one"


def behind_proxy(settings: Mapping[str, Any]) -> bool:
    """Whether libtorrent listens on no port, because it connects to peers by a proxy.

    Args:
        settings: those settings of libtorrent that differ from its defaults.
    """
    return settings.get("proxy_type", 0) in _PROXIES and settings.get("proxy_peer_connections", True) is not False


def wanted_ports(interfaces: str) -> list[int]:
    """The ports in `listen_interfaces`, in order and without duplicates. 0 is any port."""
    ports: dict[int, None] = {}
    for entry in interfaces.split(","):
        digits = entry.strip().rpartition(":")[2].rstrip("sl")
        if digits.isdecimal():
            ports[int(digits)] = None
    return list(ports)


def silent(interfaces: str, listeners: Mapping[str, int], devices: Collection[str]) -> list[str]:
    """The configured addresses and devices without a listener. One listener is enough for the wildcard `0.0.0.0`.

    Args:
        devices: the names of this machine's network interfaces.
    """
    addresses = {_address(where.rpartition(" ")[2]) for where in listeners}
    found: list[str] = []
    for entry in interfaces.split(","):
        host = entry.strip().rpartition(":")[0].strip("[]")
        address = _address(host)
        there = host in devices if isinstance(address, str) else address.is_unspecified or address in addresses
        if host and not there:
            found.append(host)
    return found


def _address(text: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address | str":
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return text


def problem(
    configured: str | None, port: int, listeners: Mapping[str, int], devices: Collection[str] = ()
) -> tuple[str | None, Severity]:
    """Returns the problem or None, and its severity.

    Args:
        configured: `listen_interfaces` as configured; None if not configured.
        port: the port that libtorrent listens on; 0 for none.
        listeners: the ports that libtorrent has reported, by protocol and address.
        devices: the names of this machine's network interfaces.
    """
    interfaces = DEFAULT if configured is None else configured
    severity = Severity.NOTED if configured is None else Severity.DEGRADING
    wanted = wanted_ports(interfaces)
    if not interfaces.strip():
        return None, severity
    if port == 0:
        return (
            f"no port is listened on, though engine.listen_interfaces is {interfaces!r}: peers cannot connect; see that"
            " its addresses are this machine's, and that its ports are free (`ss -tulnp`) and above 1023, then restart",
            Severity.DEGRADING,
        )
    if configured is not None and listeners and (missing := silent(interfaces, listeners, devices)):
        return (
            f"nothing listens at {', '.join(missing)}, which engine.listen_interfaces wants: this machine has no such"
            " address or network interface, or its port is not permitted (`ip address`); correct it and reload",
            severity,
        )
    if not wanted or 0 in wanted:
        return None, severity
    others = {where: each for where, each in listeners.items() if each not in wanted}
    if port not in wanted and port not in others.values():
        others["tcp"] = port
    if not others:
        return None, severity
    used = ", ".join(f"{where} port {each}" for where, each in sorted(others.items())[:4])
    ports = " or ".join(str(each) for each in wanted)
    return (
        f"port {ports} is wanted (engine.listen_interfaces), and {used} is used, since the wanted one is taken by"
        f" another program, or not permitted; {_FORWARDED}: find which program uses it (`ss -tulnp`), end that"
        " program or configure another port, and restart ouzeld",
        severity,
    )
