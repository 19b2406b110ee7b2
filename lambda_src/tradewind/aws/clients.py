"""The one place where clients of AWS services are made."""

import threading
import weakref
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tradewind.aws.deadline import require_time
from tradewind.aws.repeats import Once, Repeated
from tradewind.aws.sockets import (
    ConnectionObserver,
    SocketRules,
    SocketTrust,
    set_socket_rules,
    take_death,
)
from tradewind.telemetry.logger import get_logger

CONNECT_TIMEOUT_S: Final = 2.0
#: Longer than the kernel takes to give a dead peer up, so that a repeat knows why.
READ_TIMEOUT_S: Final = 10.0
#: As many as branches may call at once: each call beyond would open, and drop, one of its own.
MAX_CONNECTIONS: Final = 50


class AwsClients:
    """Makes a process's clients: one session, one opinion of which kept sockets are alive.

    A client's calls are bounded by ``call_time_left_s``: with no time left they are refused at once
    with ``DeadlineExceeded``, and so ends one whose time runs out. Safe for threads.

    Args:
        trust: Which kept sockets may be used.
        observer: Who is told of opened and retired connections.

    Attributes:
        session: The process's session. Of botocore: importing boto3 is a fifth of a small
            function's start.
    """

    def __init__(
        self, *, trust: SocketTrust | None = None, observer: ConnectionObserver | None = None
    ) -> None:
        self.session = botocore.session.get_session()
        self._trust = trust or SocketTrust()
        self._observer = observer
        self._lock = threading.Lock()  # sessions are not made for several threads
        self._made: weakref.WeakSet[Any] = weakref.WeakSet()

    def create(
        self,
        service: str,
        *,
        repeats: Once | Repeated,
        region: str | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        max_connections: int = MAX_CONNECTIONS,
    ) -> Any:
        """Create a client; region and endpoint come from botocore's own settings unless given.

        Args:
            service: boto3's name of it.
            repeats: Which failed calls are sent again.
            region: Where it is.
            connect_timeout_s: For opening a connection.
            read_timeout_s: How long the service may be silent.
            max_connections: How many are kept.
        """
        config = Config(
            region_name=region,
            connect_timeout=connect_timeout_s,
            read_timeout=read_timeout_s,
            max_pool_connections=max_connections,
            tcp_keepalive=True,
            retries={"mode": "standard", "total_max_attempts": 1},
            user_agent_extra="tradewind",
            # A link that is signed otherwise opens nothing that a key of ours encrypts.
            signature_version="s3v4" if service == "s3" else None,
            # In us-east-1 it would look for the name that all regions share otherwise: a VPC's way
            # to S3 is its own region's.
            s3={"us_east_1_regional_endpoint": "regional"} if service == "s3" else None,
        )
        with self._lock:
            client: Any = self.session.create_client(service, config=config)
        rules = SocketRules(
            service=service,
            trust=self._trust,
            read_timeout_s=read_timeout_s,
            # Of what is repeated, one silent attempt may not take all the time there is.
            share=0.5 if isinstance(repeats, Repeated) else 1.0,
            observer=self._observer,
        )
        set_socket_rules(client, rules)
        client.meta.events.register("before-send", _begin_attempt)
        client.meta.events.register("needs-retry", repeats)
        self._made.add(client)
        return client

    def renew(self) -> None:
        """Close every kept connection, and renew the credentials that have expired.

        For a process that is a copy of another one. Nothing may be on its way meanwhile.
        """
        for client in list(self._made):
            client.close()
        self._trust.forget()
        try:
            credentials = self.session.get_credentials()
            if credentials is not None:
                credentials.get_frozen_credentials()
        except BotoCoreError as error:
            # The first call asks again, and fails as a call does.
            get_logger().warning("Credentials were not renewed", reason=type(error).__name__)


def _begin_attempt(**_rest: Any) -> None:
    """Refuse an attempt that there is no time for."""
    take_death()  # of an earlier attempt whose failure nobody judged
    require_time()
