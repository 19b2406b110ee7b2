"""Which addresses an agent's tool may call: public ones, so that no file opens a door inwards."""

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

_LOCAL_NAMES: Final = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_LOCAL_ENDINGS: Final = (".localhost", ".local", ".internal", ".localdomain")
_METADATA_NAMES: Final = ("metadata", "instance-data", "metadata.google.internal")
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
    return _fault_of_address(host)


def _fault_of_address(host: str) -> str | None:
    address = _address_of(host)
    if address is None:
        return None
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if any(not one.is_global or one.is_multicast for one in (address, inner) if one):
        return "must not be this machine, a private network, link-local or a metadata service"
    return None


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
