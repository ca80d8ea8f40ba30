"""Decides to which addresses the gateway may connect. Pure."""

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "168.63.129.16/32",  # a metadata service, although the address is public
            "192.0.0.0/24",  # special purposes, with a metadata service
            "192.88.99.0/24",  # relays to IPv6
            "64:ff9b::/96",  # translated to IPv4
            "64:ff9b:1::/48",  # translated to IPv4 of a private network
            "2001::/32",  # tunnels to IPv4 (Teredo)
            "2002::/16",  # tunnels to IPv4 (6to4)
        ),
    )
)


def public(text: str) -> bool:
    """Whether an address belongs to the public internet.

    These addresses are not public: private, loopback, link-local and multicast addresses, and addresses of metadata
    services. An IPv6 address may contain an IPv4 address. Then the IPv4 address decides, or the result is false.
    """
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv6Address) and (address.is_site_local or int(address) < 2**32):
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _REFUSED if network.version == address.version)
