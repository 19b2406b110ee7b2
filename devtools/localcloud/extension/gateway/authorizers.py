"""Lambda authorizers: leave to ask the function, and what its policy says.

MiniStack reads the token, keeps answers for their time to live and passes on the context. It asks
nobody whether it may invoke the function, and looks at a policy's resources only.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_request_client_ip
from ministack.services import apigateway_v1

from devtools.localcloud.extension.gateway import events
from devtools.localcloud.extension.gateway.permission import (
    authorizer_arn,
    function_arn,
    may_invoke,
)
from devtools.localcloud.running import ACCOUNT_ID, REGION

logger = logging.getLogger("devtools.localcloud.gateway")


def install() -> None:
    """Make MiniStack's REST APIs ask and believe authorizers so."""
    ask = apigateway_v1._invoke_authorizer_lambda

    async def ask_with_leave(
        authorizer: Mapping[str, Any], event: dict[str, Any], account: str, region: str
    ) -> Any:
        function = function_arn(authorizer.get("authorizerUri", ""))
        api_id = event["methodArn"].split(":")[5].split("/")[0]
        source = authorizer_arn(api_id, authorizer["id"])
        if not may_invoke(function, source, authorizer.get("authorizerCredentials")):
            logger.warning("%s may not invoke %s", source, function)
            return None
        if "requestContext" in event:
            event = events.request_authorizer_event(event)
        started = time.monotonic()
        result = await ask(authorizer, event, account, region)
        events.authorizer_ms.set(int((time.monotonic() - started) * 1000))
        if result and result.get("throttle"):
            return {"error": True, "body": {}}
        return result

    apigateway_v1._invoke_authorizer_lambda = ask_with_leave
    apigateway_v1._evaluate_policy = _decision


def _decision(policy: Any, method_arn: str) -> str:
    """Evaluate the policy that an authorizer returned, its actions and conditions included."""
    request = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Anonymous",
        principal_account=ACCOUNT_ID,
        action="execute-api:Invoke",
        resource_arn=method_arn,
        region=REGION,
        secure_transport=True,
        service_context={"aws:sourceip": get_request_client_ip()},
    )
    statements = iam_evaluator.parse_policy_document(policy)
    decision: str = iam_evaluator.evaluate(request, [statements]).decision
    return {"ImplicitDeny": "NoMatch"}.get(decision, decision)
