"""Which network an address belongs to: the internet, the operator's own, or nobody's business.

The ranges are those of the IANA registries of special addresses (RFC 6890), and the addresses where
clouds answer questions about their machines, credentials among them.
"""

from __future__ import annotations

from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_INTERNET_6 = IPv6Network("2000::/3")
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_RELAYS = IPv4Network("192.88.99.0/24")
_CLOUD = frozenset(
    {
        ip_address("100.100.100.200"),
        ip_address("168.63.129.16"),
        ip_address("192.0.0.192"),
        ip_address("fd00:ec2::254"),
    }
)


class Reach(IntEnum):
    """How much it takes to be let there; the higher, the more."""

    INTERNET = 0
    OWN = 1
    """Private, loopback, carrier's or an address in disguise: by a name that is listed."""
    NEVER = 2
    """Link-local, multicast, reserved, a cloud's own: only if the address itself is listed."""


def reach(address: Address) -> Reach:
    """Return where an address leads to; one that wraps another leads where that one does."""
    if address in _CLOUD or address.is_link_local or address.is_multicast:
        return Reach.NEVER
    if isinstance(address, IPv4Address):
        return _reach_4(address)
    inner = _wrapped(address)
    if inner is not None:
        return max(Reach.OWN, reach(inner))
    if address.is_unspecified or address.is_site_local:
        return Reach.NEVER
    return Reach.INTERNET if address in _INTERNET_6 and address.is_global else Reach.OWN


def _reach_4(address: IPv4Address) -> Reach:
    if address in _THIS_NETWORK or address.is_reserved:
        return Reach.NEVER
    return Reach.INTERNET if address.is_global and address not in _RELAYS else Reach.OWN


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address inside: mapped, translated (NAT64), tunnelled (6to4, Teredo), compatible."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    translated = any(address in network for network in _NAT64)
    if translated or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
