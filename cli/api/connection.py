"""HTTPS to the API: a signed request, a whole answer or a stream, and every way that this fails."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from botocore.httpsession import get_cert_path
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from cli.api.address import Address
from cli.api.signing import Signer
from cli.api.texts import one_line
from cli.errors import CommandError, Unreachable

#: Of a connection, in seconds.
_CONNECT_S: Final = 5.0
#: Of silence in an answer: API Gateway gives up after 29 s.
_READ_S: Final = 35.0
#: Of a whole answer, however steadily it comes.
_WHOLE_S: Final = 60.0
#: Of silence in a stream, which says something every 15 s.
_STREAM_S: Final = 60.0
#: Bytes; API Gateway's own limit.
LARGEST: Final = 10 * 1024 * 1024
_PIECE: Final = 65536


class NotSent(Unreachable):
    """There was no connection: the API has not heard of the request."""


class Lost(Unreachable):
    """The request may have arrived; its answer did not, or not whole."""


@dataclass(frozen=True)
class Reply:
    """An answer that came whole.

    Attributes:
        status: Of HTTP.
        headers: By their names in lower case.
        body: Its bytes.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def document(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Connection:
    """Sends signed requests, each once: repeats are for who knows what may be repeated."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._signer = Signer(address.region)
        self._host = urlsplit(address.url).hostname or ""
        self._pool = _pool(self._host, self._signer.ca_bundle)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Reply:
        """Send a request and return its whole answer, whatever it says.

        Raises:
            NotSent: There was no connection.
            Lost: There was, and no whole answer.
        """
        with closing(self._open(method, path, headers or {}, body, _READ_S)) as response:
            ends = time.monotonic() + _WHOLE_S
            received = bytearray()
            for piece in self._pieces(response):
                received += piece
                if len(received) > LARGEST:
                    raise Lost(f"{self._host} sends more than an answer may have.")
                if time.monotonic() > ends:
                    raise Lost(f"{self._host} did not finish its answer in {_WHOLE_S:.0f} s.")
            return Reply(response.status, _headers(response), bytes(received))

    @contextmanager
    def stream(
        self, path: str, *, headers: dict[str, str], body: dict[str, Any]
    ) -> Iterator[tuple[Reply, Iterator[bytes]]]:
        """Send a request and give its answer's head, and its body as it comes.

        Raises:
            NotSent: There was no connection.
            Lost: There was, and the answer broke off; also from the iterator.
        """
        with closing(self._open("POST", path, headers, body, _STREAM_S)) as response:
            yield Reply(response.status, _headers(response)), self._pieces(response)

    def _open(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: dict[str, Any] | None,
        silence_s: float,
    ) -> urllib3.BaseHTTPResponse:
        content = b"" if body is None else json.dumps(body, allow_nan=False).encode()
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        url = f"{self.address.url}{path}"
        signed = self._signer.sign(method, url, headers, content)
        with self._explained():
            return self._pool.request(
                method,
                url,
                body=content or None,
                headers=signed,
                timeout=urllib3.Timeout(connect=_CONNECT_S, read=silence_s),
                # A signature is for one address and one time.
                redirect=False,
                retries=False,
                preload_content=False,
            )

    def _pieces(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        while True:
            with self._explained():
                piece = response.read1(_PIECE)
            if not piece:
                return
            yield piece

    @contextmanager
    def _explained(self) -> Iterator[None]:
        host = self._host
        try:
            yield
        except NameResolutionError as error:
            raise NotSent(
                f"There is no host {host}, or no network to ask for it. Is the API's address right?"
            ) from error
        except (ConnectTimeoutError, NewConnectionError) as error:
            raise NotSent(
                f"{host} takes no connection ({_reason(error)}). Is the API's address right, and "
                "does the network let you out?"
            ) from error
        except ProxyError as error:
            raise NotSent(
                f"The proxy does not lead to {host} ({_reason(error)}). See HTTPS_PROXY, NO_PROXY."
            ) from error
        except SSLError as error:
            # A handshake's, but for an end in mid-sentence.
            kind = Lost if "EOF" in str(error) else NotSent
            raise kind(
                f"No secure connection to {host} ({_reason(error)}). If a proxy here has a "
                "certificate authority of its own, name its file in AWS_CA_BUNDLE."
            ) from error
        except ReadTimeoutError as error:
            raise Lost(f"{host} fell silent.") from error
        except (HTTPError, OSError) as error:
            raise Lost(f"{host} broke off its answer ({_reason(error)}).") from error


def _pool(host: str, ca_bundle: str | None) -> urllib3.PoolManager:
    try:
        context = ssl.create_default_context(cafile=ca_bundle or get_cert_path(True))
    except OSError as error:
        raise CommandError(f"AWS_CA_BUNDLE: {ca_bundle} cannot be read: {error}") from error
    proxy = getproxies_environment().get("https")
    if proxy and not proxy_bypass(host):
        return urllib3.ProxyManager(
            proxy if "://" in proxy else f"http://{proxy}", ssl_context=context
        )
    return urllib3.PoolManager(ssl_context=context)


def _headers(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _reason(error: BaseException) -> str:
    """What the innermost error says, without objects' addresses."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None and deeper is not cause:
        cause = deeper
    said = one_line(cause, 200)
    return f"{type(cause).__name__}: {said}" if said else type(cause).__name__
