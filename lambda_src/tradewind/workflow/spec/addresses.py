"""Which addresses may be called.

What a model has a hand in may be public only, so that no file opens a door inwards. What its author
alone chooses, a server, may be on this machine or a private network: a command could reach it, too.
"""

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

_LOCAL_NAMES: Final = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_LOCAL_ENDINGS: Final = (".localhost", ".local", ".internal", ".localdomain")
_METADATA_NAMES: Final = ("metadata", "instance-data", "metadata.google.internal")
#: Where a network translates to the old kind of address (RFC 6052), and how that was once written.
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
#: Where clouds tell a machine of itself and its credentials, besides link-local addresses.
_METADATA: Final = (
    ipaddress.IPv6Network("fd00:ec2::/32"),
    ipaddress.IPv4Network("100.100.100.200/32"),
    ipaddress.IPv4Network("192.0.0.192/32"),
)
#: An address in other notations: whole, octal or hexadecimal, in one to four parts.
_NUMERIC: Final = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)(\.(0[xX][0-9a-fA-F]*|[0-9]+)){0,3}")


def fault_of_url(url: str) -> str | None:
    """Why a text is no address of an HTTP server; None if it is one."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "must be an address such as https://api.example.com"
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\\]", url):
        return "must be an address such as https://api.example.com"
    return None


def fault_of_public_url(url: str) -> str | None:
    """Why an address must not be called; None if it is a public one."""
    fault = _fault_of_any(url)
    if fault is not None:
        return fault
    host = _host_of(url)
    if host in _LOCAL_NAMES or host.endswith(_LOCAL_ENDINGS) or not host:
        return "must not be this machine or a private network"
    return fault_of_address(host)


def fault_of_server_url(url: str) -> str | None:
    """Why the address of a server must not be called; None if it may be, also if it is inward."""
    return _fault_of_any(url) or fault_of_server_address(_host_of(url))


def fault_of_address(host: str) -> str | None:
    """Why a host must not be called, if it is an address; None if it is public, or a name."""
    if any(not one.is_global or one.is_multicast for one in _addresses_of(host)):
        return "must not be this machine, a private network, link-local or a metadata service"
    return None


def fault_of_server_address(host: str) -> str | None:
    """The same of a server's host, which may be inward."""
    for one in _addresses_of(host):
        if one.is_link_local or one.is_multicast or any(one in network for network in _METADATA):
            return "must not be link-local or a metadata service"
    return None


def _fault_of_any(url: str) -> str | None:
    """Why an address must not be called, wherever it is."""
    fault = fault_of_url(url)
    if fault is not None:
        return fault
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        return "must not hold a user or a password; give them in `headers`"
    if _host_of(url) in _METADATA_NAMES:
        return "must not be a metadata service"
    return None


def _host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def _addresses_of(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """A host's address, and the one that it leads to; none of a name."""
    address = _address_of(host)
    return [] if address is None else [one for one in (address, _inner(address)) if one is not None]


def _inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    """The address of the old kind that one of the new kind leads to."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _TRANSLATED or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if _NUMERIC.fullmatch(host):
        try:
            # As resolvers read it: 127.1 and 0x7f000001 are this machine.
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
