"""The network interfaces of the gateway's machine."""

import socket
from ipaddress import ip_address

import msgspec
import psutil


class Interface(msgspec.Struct, frozen=True):
    """A network interface that has an address."""

    name: str
    value: str


def interfaces() -> list[Interface]:
    """Returns the interfaces with an address."""
    return [Interface(name, name) for name in psutil.net_if_addrs() if addresses(name)]


def addresses(interface: str) -> list[str]:
    """Returns the IP addresses of an interface. If the name is empty, returns the addresses of all interfaces."""
    found = psutil.net_if_addrs()
    chosen = found.values() if not interface else [found.get(interface, [])]
    families = (socket.AF_INET, socket.AF_INET6)
    return [
        str(ip_address(address.address.partition("%")[0]))
        for group in chosen
        for address in group
        if address.family in families
    ]
