"""Which addresses an agent's tool may call: public ones, so that no file opens a door inwards."""

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
    """Why an address must not be called; None if it may be."""
    fault = fault_of_url(url)
    if fault is not None:
        return fault
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        return "must not hold a user or a password; give them in `headers`"
    host = (parts.hostname or "").rstrip(".")
    if host in _METADATA_NAMES:
        return "must not be a metadata service"
    if host in _LOCAL_NAMES or host.endswith(_LOCAL_ENDINGS) or not host:
        return "must not be this machine or a private network"
    return fault_of_address(host)


def fault_of_address(host: str) -> str | None:
    """Why a host must not be called, if it is an address; None if it may be, or is a name."""
    address = _address_of(host)
    if address is None:
        return None
    if any(not one.is_global or one.is_multicast for one in (address, _inner(address)) if one):
        return "must not be this machine, a private network, link-local or a metadata service"
    return None


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
