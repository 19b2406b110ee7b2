"""The guardrail that may be applied to a call: read, assessed, and told of in the answer.

It knows one rule: a text with the words of ``BLOCKED`` in it, asked or answered, is stopped. What
it assesses is counted as the service counts it, in units of up to 1,000 characters.

Sources: the service model of ``bedrock-runtime`` for members and their patterns; the words of an
unknown guardrail are the service's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from devtools.localcloud.bedrock.account import GUARDRAIL, GUARDRAIL_VERSIONS, Account
from devtools.localcloud.bedrock.errors import invalid
from devtools.localcloud.bedrock.reply import Reply, TextBlock

#: What a text has in it that the guardrail stops.
BLOCKED: Final = "please break the rules"
ANSWER: Final = "[guardrail] This was stopped by the embedded AWS's one guardrail."
_UNIT_LENGTH: Final = 1000
_VERSION: Final = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_TRACES: Final = ("enabled", "disabled", "enabled_full")
_MEMBERS: Final = frozenset(
    {"guardrailIdentifier", "guardrailVersion", "trace", "streamProcessingMode"}
)


@dataclass(frozen=True)
class Applied:
    """A guardrail on a call.

    Attributes:
        arn: Its ARN.
        version: Of it.
        traced: Whether the answer tells what was assessed.
    """

    arn: str
    version: str
    traced: bool

    @property
    def identifier(self) -> str:
        """What the condition key ``bedrock:GuardrailIdentifier`` holds."""
        return self.arn if self.version == "DRAFT" else f"{self.arn}:{self.version}"


def applied(body: bytes, account: Account, *, relayed: bool = False) -> Applied | None:
    """Read the guardrail that a request's body names; None for none.

    Args:
        body: Of the request.
        account: Whose guardrail there is.
        relayed: Whether the real service answers, which knows others.

    Raises:
        ServiceError: It is none of this account's, or is not given as it must be.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return None  # told of when the request is read
    config = request.get("guardrailConfig") if isinstance(request, dict) else None
    if config is None:
        return None
    if not isinstance(config, dict) or not config.keys() <= _MEMBERS:
        raise invalid("guardrailConfig is not as the service's model has it.")
    identifier, version = config.get("guardrailIdentifier"), config.get("guardrailVersion")
    trace = config.get("trace", "disabled")
    if not (isinstance(version, str) and _VERSION.fullmatch(version)) or trace not in _TRACES:
        raise invalid("guardrailConfig is not as the service's model has it.")
    known = identifier in (GUARDRAIL, account.guardrail_arn) and version in GUARDRAIL_VERSIONS
    if relayed:
        short = account.arn(f"guardrail/{identifier}")
        arn = identifier if str(identifier).startswith("arn:") else short
        return Applied(str(arn), version, trace != "disabled")
    if not known:
        raise invalid("The guardrail identifier or version provided in the request does not exist.")
    return Applied(account.guardrail_arn, version, trace != "disabled")


def assess(guardrail: Applied, asked: str, reply: Reply) -> Reply:
    """Return the reply as far as the guardrail lets it through, with its trace.

    Args:
        guardrail: On the call.
        asked: What the last message of the request says.
        reply: The model's.
    """
    answered = "\n".join(one.text for one in reply.blocks if isinstance(one, TextBlock))
    stops_asked, stops_answer = BLOCKED in asked.lower(), BLOCKED in answered.lower()
    trace: dict[str, Any] = {
        "inputAssessment": {GUARDRAIL: _assessment(asked, stopped=stops_asked)}
    }
    if not stops_asked:
        trace["outputAssessments"] = {GUARDRAIL: [_assessment(answered, stopped=stops_answer)]}
    told = {"guardrail": trace} if guardrail.traced else None
    if not (stops_asked or stops_answer):
        return replace(reply, trace=told)
    # A request that is stopped reaches no model.
    tokens = (0, 0) if stops_asked else (reply.input_tokens, reply.output_tokens)
    return Reply((TextBlock(ANSWER),), "guardrail_intervened", *tokens, trace=told)


def _assessment(text: str, *, stopped: bool) -> Mapping[str, Any]:
    units = max(1, -(-len(text) // _UNIT_LENGTH))
    usage = {
        "topicPolicyUnits": units,
        "contentPolicyUnits": 0,
        "wordPolicyUnits": 0,
        "sensitiveInformationPolicyUnits": 0,
        "sensitiveInformationPolicyFreeUnits": 0,
        "contextualGroundingPolicyUnits": 0,
    }
    topic = {"name": "rules", "type": "DENY", "action": "BLOCKED" if stopped else "NONE"}
    return {
        "topicPolicy": {"topics": [topic] if stopped else []},
        "invocationMetrics": {"guardrailProcessingLatency": 1, "usage": usage},
    }
