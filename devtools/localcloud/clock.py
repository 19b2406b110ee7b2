"""Sets the clock that deployments of a running embedded AWS go by."""

import json
import ssl
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from devtools.localcloud.running import Running

_TIMEOUT_S = 120


class DeploymentClock:
    """The clock of a running embedded AWS: how long a minute of a deployment is.

    Traffic is shifted and alarms are evaluated by it, functions and everything else by the real
    time.
    """

    def __init__(self, running: Running) -> None:
        self._url = f"{running.endpoint_url}/_localcloud/clock"
        trusted = ssl.create_default_context(cafile=running.ca_bundle)
        # It is on this machine, whatever proxy the environment names.
        self._opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trusted))

    def run(self, seconds_per_minute: float) -> None:
        """Let time pass by itself, with so many real seconds for each minute."""
        self._call("PUT", {"seconds_per_minute": seconds_per_minute})

    def hold(self) -> None:
        """Let time pass only where ``advance`` says so."""
        self._call("PUT", {"held": True})

    def advance(self, seconds: float) -> None:
        """Let time pass on a clock that is held; what is due meanwhile is done on return."""
        self._call("POST", {"advance_s": seconds})

    def delay_metrics(self, seconds: float) -> None:
        """Let alarms see what is published so many of the clock's seconds later."""
        self._call("PUT", {"metric_delay_s": seconds})

    def _call(self, method: str, body: object) -> None:
        request = Request(self._url, data=json.dumps(body).encode(), method=method)  # noqa: S310
        with self._opener.open(request, timeout=_TIMEOUT_S) as response:
            response.read()
