"""The way to the real service, for a stand-in that only checks and counts."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import get_environ_proxies

from devtools.localcloud.bedrock.errors import ServiceError
from devtools.localcloud.bedrock.wire import Headers, Request

_CONNECT_TIMEOUT_S = 10
_READ_TIMEOUT_S = 300
_MAX_CONNECTIONS = 64
_CHUNK = 65536
_REQUEST_HEADERS = ("content-type", "accept")


class RelayBroken(Exception):
    """The service's answer broke off."""


@dataclass(frozen=True)
class Relayed:
    """The service's answer: its head, and the body's bytes as they arrive.

    Iterating over ``body`` raises ``RelayBroken`` when the service breaks off.
    """

    status: int
    headers: Headers
    body: AsyncGenerator[bytes]


class RealBedrock:
    """Sends requests on to Bedrock, signed with the developer's own credentials."""

    def __init__(self, session: Session, region: str, endpoint_url: str | None = None) -> None:
        """Find the endpoint the way any botocore client would.

        Args:
            session: Holds the developer's credentials and configuration.
            region: Where the model lives.
            endpoint_url: Instead of the service's own endpoint.

        Raises:
            ValueError: The session has no credentials.
        """
        credentials = session.get_credentials()
        if credentials is None:
            raise ValueError("There are no AWS credentials to call the real Bedrock with.")
        client = session.create_client(
            "bedrock-runtime", region_name=region, endpoint_url=endpoint_url
        )
        self.endpoint_url = str(client.meta.endpoint_url)
        client.close()
        control = session.create_client("bedrock", region_name=region, endpoint_url=endpoint_url)
        self.control_url = str(control.meta.endpoint_url)
        control.close()
        self._credentials = credentials
        self._region = region
        self._http = URLLib3Session(
            verify=session.get_config_variable("ca_bundle") or True,
            proxies=get_environ_proxies(self.endpoint_url),
            # A pair is taken as (connect, read), which the stubs do not know.
            timeout=(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S),  # type: ignore[arg-type]
            max_pool_connections=_MAX_CONNECTIONS,
        )

    async def send(self, request: Request, *, control_plane: bool = False) -> Relayed:
        """Send a request on, with its target and body as they are.

        Args:
            request: What is to be sent.
            control_plane: Whether it is for the service's control plane, a host of its own.

        Raises:
            ServiceError: The service could not be reached; the message names the endpoint.
        """
        pump = _Pump()
        endpoint = self.control_url if control_plane else self.endpoint_url
        # A daemon thread: a service that keeps silent must not keep this process alive.
        threading.Thread(
            target=self._talk, args=(request, endpoint, pump), name="bedrock-relay", daemon=True
        ).start()
        head = await pump.received.get()
        if not isinstance(head, AWSResponse):
            raise ServiceError(503, "ServiceUnavailableException", f"{endpoint}: {head!r}")
        headers = [
            (name.lower(), value)
            for name, value in head.headers.items()
            if name.lower() == "content-type" or name.lower().startswith("x-amzn-")
        ]
        return Relayed(head.status_code, headers, pump.chunks())

    def _talk(self, request: Request, endpoint: str, pump: "_Pump") -> None:
        try:
            response = self._http.send(self._signed(request, endpoint).prepare())
            pump.put(response)
            for chunk in response.raw.stream(_CHUNK):
                pump.put(chunk)
                if pump.abandoned:
                    response.raw.close()
                    return
        except Exception as error:  # whatever it is, somebody waits for it at the other end
            pump.put(error)
        else:
            pump.put(b"")

    def _signed(self, request: Request, endpoint: str) -> AWSRequest:
        headers = {
            name: value for name in _REQUEST_HEADERS if (value := request.header(name)) is not None
        }
        signed = AWSRequest(
            method=request.method,
            url=endpoint + request.target,
            data=request.body,
            headers=headers,
            stream_output=True,
        )
        # Frozen per request: the developer's session may be refreshed in between.
        credentials = self._credentials.get_frozen_credentials()
        SigV4Auth(credentials, "bedrock", self._region).add_auth(signed)
        return signed


class _Pump:
    """Carries an answer from the thread that reads it to the event loop.

    First the response, then its chunks, an empty one at the end; or an exception at any point.
    """

    def __init__(self) -> None:
        self.received: asyncio.Queue[AWSResponse | bytes | Exception] = asyncio.Queue()
        self.abandoned = False
        self._loop = asyncio.get_running_loop()

    def put(self, item: AWSResponse | bytes | Exception) -> None:
        """Hand over from the thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self.received.put_nowait, item)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it arrives."""
        try:
            while item := await self.received.get():
                if not isinstance(item, bytes):
                    raise RelayBroken(repr(item))
                yield item
        finally:
            self.abandoned = True
