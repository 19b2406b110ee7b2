"""Where the WebSockets of runtimes are, and the signatures that open them.

botocore knows no operation for them, so what it does for others is done here with its parts: its
rules say which host serves a region, its signer signs.
"""

import ssl
import threading
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import BotoCoreError
from botocore.httpsession import get_cert_path
from botocore.session import Session

from tradewind.agentcore.calls import RuntimeCall
from tradewind.agentcore.limits import check_call
from tradewind.contracts.errors import ConfigurationError, RuntimeRefused

#: How long a presigned URL may be valid; the service's own.
MAX_PRESIGNED_S: Final = 300

_SERVICE: Final = "bedrock-agentcore"
#: What tells a runtime of a call, by what it is on the wire; the URL's, where it is presigned.
SESSION_HEADER: Final = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
USER_HEADER: Final = "X-Amzn-Bedrock-AgentCore-Runtime-User-Id"
_WEBSOCKETS_OF: Final = {"https": "wss", "http": "ws"}


@dataclass(frozen=True)
class SocketAddress:
    """What opens one WebSocket, once and for a few minutes.

    Attributes:
        url: ``wss://``, or ``ws://`` where the configured endpoint is ``http://``.
        headers: To send besides those that any WebSocket has.
        tls: Whom to trust; None where there is no TLS.
    """

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None


class SocketAddresses:
    """Knows the addresses that a process's credentials and settings open. Safe for threads.

    Args:
        session: The process's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()  # sessions are not made for several threads
        self._endpoints: dict[str, str] = {}
        self._trusted: ssl.SSLContext | None = None
        self._credentials: Credentials | None = None

    def would_wait(self, region: str) -> bool:
        """Whether to sign for a region would read files, or wait for credentials."""
        with self._lock:
            if region not in self._endpoints or self._credentials is None:
                return True
            if self._endpoints[region].startswith("https:") and self._trusted is None:
                return True
        # Credentials that do not expire have nothing to renew.
        needs_renewal = getattr(self._credentials, "refresh_needed", None)
        return needs_renewal is not None and bool(needs_renewal())

    def signed(self, call: RuntimeCall) -> SocketAddress:
        """Sign the request that opens a call's socket, in its headers.

        Raises:
            InvalidRuntimeRequest: AgentCore would not take the call.
            RuntimeRefused: There are no credentials.
            ConfigurationError: No endpoint follows from the settings, or none that can be trusted.
        """
        check_call(call)
        headers = _told(call)
        request = AWSRequest("GET", self._url(call, {}), headers=headers)
        SigV4Auth(self._key(), _SERVICE, call.runtime.region).add_auth(request)
        return self._address(str(request.url), dict(request.headers.items()))

    def presigned(self, call: RuntimeCall, expires_s: int = MAX_PRESIGNED_S) -> SocketAddress:
        """Sign it in its URL, for those who can send no headers, such as browsers.

        Whoever has the URL may open the socket in this session and for this user until it expires.

        Args:
            call: What it is for; the payload is not in it.
            expires_s: For how long, 1 to 300.

        Raises:
            ValueError: AgentCore takes no URL that is valid for so long.
            InvalidRuntimeRequest: AgentCore would not take the call.
            RuntimeRefused: There are no credentials.
            ConfigurationError: No endpoint follows from the settings, or none that can be trusted.
        """
        if not 1 <= expires_s <= MAX_PRESIGNED_S:
            raise ValueError(f"A URL is valid for 1 to {MAX_PRESIGNED_S} s, not for {expires_s}.")
        check_call(call)
        request = AWSRequest("GET", self._url(call, _told(call)))
        signer = SigV4QueryAuth(self._key(), _SERVICE, call.runtime.region, expires=expires_s)
        signer.add_auth(request)
        return self._address(str(request.url), {})

    def _url(self, call: RuntimeCall, more: dict[str, str]) -> str:
        endpoint = self._endpoint(call.runtime.region).rstrip("/")
        query = urlencode({"qualifier": call.qualifier, **more}, quote_via=quote)
        return f"{endpoint}/runtimes/{quote(str(call.runtime), safe='')}/ws?{query}"

    def _address(self, url: str, headers: dict[str, str]) -> SocketAddress:
        scheme, *rest = urlsplit(url)
        socket_scheme = _WEBSOCKETS_OF[scheme]
        tls = self._trust() if socket_scheme == "wss" else None
        return SocketAddress(urlunsplit((socket_scheme, *rest)), headers, tls)

    def _endpoint(self, region: str) -> str:
        with self._lock:
            if region not in self._endpoints:
                self._endpoints[region] = _endpoint_url(self._session, region)
            return self._endpoints[region]

    def _key(self) -> ReadOnlyCredentials:
        with self._lock:
            if self._credentials is None:
                self._credentials = self._session.get_credentials()
            if self._credentials is None:
                raise RuntimeRefused("There are no credentials to sign the call with.")
        try:
            return self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise RuntimeRefused("The credentials could not be renewed.") from error

    def _trust(self) -> ssl.SSLContext:
        with self._lock:
            if self._trusted is None:
                bundle = self._session.get_config_variable("ca_bundle")
                try:
                    self._trusted = ssl.create_default_context(cafile=bundle or get_cert_path(True))
                except OSError as error:
                    raise ConfigurationError(
                        "AWS_CA_BUNDLE names no readable file of certificates."
                    ) from error
            return self._trusted


def _told(call: RuntimeCall) -> dict[str, str]:
    told = {
        SESSION_HEADER: call.session_id,
        USER_HEADER: call.user_id,
        "X-Amzn-Trace-Id": call.trace.trace_id,
        "traceparent": call.trace.traceparent,
        "tracestate": call.trace.tracestate,
        "baggage": call.trace.baggage,
    }
    return {name: value for name, value in told.items() if value is not None}


def _endpoint_url(session: Session, region: str) -> str:
    """As a client's: by the service's rules, or as AWS_ENDPOINT_URL and its like say."""
    configured = None
    if not session.get_config_variable("ignore_configured_endpoint_urls"):
        configured = ConfiguredEndpointProvider(
            full_config=session.full_config,
            scoped_config=session.get_scoped_config(),
            client_name=_SERVICE,
        ).provide()
    loader = session.get_component("data_loader")
    rules = EndpointProvider(
        loader.load_service_model(_SERVICE, "endpoint-rule-set-1"), loader.load_data("partitions")
    )
    try:
        url = rules.resolve_endpoint(
            Region=region,
            UseFIPS=bool(session.get_config_variable("use_fips_endpoint")),
            UseDualStack=bool(session.get_config_variable("use_dualstack_endpoint")),
            **({"Endpoint": configured} if configured else {}),
        ).url
    except BotoCoreError as error:
        raise ConfigurationError(f"AgentCore has no endpoint in {region}: {error}") from error
    if urlsplit(url).scheme not in _WEBSOCKETS_OF or not urlsplit(url).hostname:
        raise ConfigurationError("AgentCore's endpoint is no http:// or https:// URL.")
    return str(url)
