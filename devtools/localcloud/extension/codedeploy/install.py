"""Put CodeDeploy beside MiniStack's services."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack import app
from ministack.core import router

from devtools.localcloud.extension.clock import Clock
from devtools.localcloud.extension.codedeploy import alias_update, permissions
from devtools.localcloud.extension.codedeploy.api import Api
from devtools.localcloud.extension.codedeploy.records import Records
from devtools.localcloud.extension.codedeploy.refusal import Refused, Response
from devtools.localcloud.extension.codedeploy.resources import Resources
from devtools.localcloud.extension.codedeploy.service import Service
from devtools.localcloud.running import REGION

_TARGET: Final = "CodeDeploy_20141006"
_SCOPE: Final = f"/{REGION}/codedeploy/aws4_request"

Headers = Mapping[str, str]


def install(clock: Clock) -> Records:
    """Answer requests, and make the types known to CloudFormation.

    Returns:
        What there is, now and later.
    """
    records = Records()
    service = Service(records, clock)
    api = Api(service)
    permissions.install(records)
    router.SERVICE_PATTERNS["codedeploy"] = {
        "target_prefixes": [_TARGET],
        "host_patterns": [r"codedeploy\."],
        "credential_scope": "codedeploy",
    }
    app.SERVICE_HANDLERS["codedeploy"] = _handler(api.answer)
    Resources(api).install()
    alias_update.install(service)
    return records


def _handler(answer: Callable[[str, bytes], Response]) -> Callable[..., Any]:
    async def handle(
        _method: str, _path: str, headers: Headers, body: bytes, _query: Mapping[str, Any]
    ) -> Response:
        if _SCOPE not in headers.get("authorization", ""):
            return Refused(
                "Credential should be scoped to a valid region and correct service.",
                "InvalidSignatureException",
            ).response()
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        return await asyncio.to_thread(answer, operation, body)

    return handle
