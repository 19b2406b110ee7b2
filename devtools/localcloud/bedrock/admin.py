"""A client of the stand-in's admin API, for tests, the demo and benchmarks."""

import json
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from devtools.localcloud.bedrock.faults import Fault
from devtools.localcloud.bedrock.stats import Stats

_TIMEOUT_S = 10
# The admin API is on this machine, whatever proxy the environment names.
_OPENER = build_opener(ProxyHandler({}))


class StandInAdmin:
    """Reads the counts of a running stand-in and injects faults into it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def stats(self) -> Stats:
        """Return what went over the wire since the start or the last reset."""
        return Stats.from_json(self._call("GET", "/stats"))

    def reset(self) -> None:
        """Start counting anew."""
        self._call("POST", "/stats/reset")

    def inject(self, *faults: Fault) -> None:
        """Let requests to come meet these faults.

        Raises:
            urllib.error.HTTPError: The stand-in refuses a fault.
        """
        self._call("POST", "/faults", [fault.to_json() for fault in faults])

    def clear(self) -> None:
        """Forget all faults that wait."""
        self._call("DELETE", "/faults")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._url + path, data=data, method=method)  # noqa: S310  http on loopback
        with _OPENER.open(request, timeout=_TIMEOUT_S) as response:
            return json.load(response)
