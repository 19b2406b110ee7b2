"""The services of AWS that functions call, and what may be asked of each through a VPC's endpoint.

An endpoint's policy says whose resources can be reached from the VPC and of which kind; which of
them a function may use, its role says. Nothing in these policies is named by one id: an endpoint is
changed before the functions are, and a request that still runs on the model, the guardrail or the
table of before would be cut off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stacks.bundling.rules import CORE_FUNCTIONS, operations_of
from stacks.parts.bedrock_access import INVOKE_ACTIONS
from tradewind.contracts.agent_manifest import RUNS_ELSEWHERE, AgentManifest
from tradewind.contracts.names import RUNTIME


@dataclass(frozen=True)
class Allowed:
    """What a policy lets through, of callers of this account.

    Attributes:
        actions: IAM actions.
        resources: ARNs; ``{partition}``, ``{region}`` and ``{account}`` are filled in.
        own_resources: Whether what is asked for must be this account's, as far as the service tells
            whose it is: for what has no account in its ARN.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    own_resources: bool = False


@dataclass(frozen=True)
class EndpointService:
    """A service with an endpoint.

    Attributes:
        name: The last part of the endpoint service's name, after ``com.amazonaws.REGION.``.
        allowed: What its policy lets through.
        gateway: Whether it is a route, which costs nothing, and no network interface.
    """

    name: str
    allowed: tuple[Allowed, ...] = field(default=())
    gateway: bool = False


_BEDROCK: Final = "arn:{partition}:bedrock:*:{account}:"

#: What the core calls, by botocore's name.
_OF_THE_CORE: Final[Mapping[str, EndpointService]] = {
    "bedrock": EndpointService(
        "bedrock",
        # Lists have no resource level.
        (Allowed(("bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"), ("*",)),),
    ),
    "bedrock-agentcore": EndpointService(
        "bedrock-agentcore",
        (
            Allowed(
                (
                    "bedrock-agentcore:InvokeAgentRuntime",
                    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
                ),
                # A runtime may be another account's that lets this one in.
                ("arn:{partition}:bedrock-agentcore:{region}:*:runtime/*",),
            ),
        ),
    ),
    "bedrock-runtime": EndpointService(
        "bedrock-runtime",
        (
            Allowed(
                (*INVOKE_ACTIONS, "bedrock:ApplyGuardrail"),
                (
                    # AWS's own models, in whichever region a profile leads to: in none for a
                    # global one.
                    "arn:{partition}:bedrock:*::foundation-model/*",
                    # The kinds of what a model is asked through, all of them this account's; a
                    # guardrail's profile leads to other regions as a model's does.
                    *(
                        f"{_BEDROCK}{kind}/*"
                        for kind in (
                            "inference-profile",
                            "application-inference-profile",
                            "provisioned-model",
                            "imported-model",
                            "guardrail",
                            "guardrail-profile",
                        )
                    ),
                ),
            ),
        ),
    ),
    "codedeploy": EndpointService(
        "codedeploy",
        (
            Allowed(
                (
                    "codedeploy:GetDeployment",
                    "codedeploy:PutLifecycleEventHookExecutionStatus",
                ),
                ("arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:*",),
            ),
        ),
    ),
    "dynamodb": EndpointService(
        "dynamodb",
        (
            Allowed(
                tuple(
                    f"dynamodb:{operation}"
                    for operation in ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
                ),
                ("arn:{partition}:dynamodb:{region}:{account}:table/*",),
            ),
        ),
        gateway=True,
    ),
    "lambda": EndpointService(
        "lambda",
        (
            Allowed(
                (
                    "lambda:CheckpointDurableExecution",
                    "lambda:GetDurableExecutionState",
                    "lambda:InvokeFunction",
                ),
                ("arn:{partition}:lambda:{region}:{account}:function:*",),
            ),
        ),
    ),
    "s3": EndpointService(
        "s3",
        (
            Allowed(
                ("s3:GetObject", "s3:ListBucket", "s3:PutObject"),
                # A bucket's ARN does not say whose it is.
                ("arn:{partition}:s3:::*",),
                own_resources=True,
            ),
        ),
        gateway=True,
    ),
}

#: Names of the endpoints of other services that agents may reach, by botocore's.
_OF_AGENTS: Final[Mapping[str, str]] = {
    "athena": "athena",
    "bedrock-agent-runtime": "bedrock-agent-runtime",
    "comprehend": "comprehend",
    "events": "events",
    "firehose": "kinesis-firehose",
    "glue": "glue",
    "kinesis": "kinesis-streams",
    "kms": "kms",
    "rekognition": "rekognition",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "stepfunctions": "states",
    "sts": "sts",
    "textract": "textract",
    "translate": "translate",
}


class NoEndpoint(ValueError):
    """An agent reaches a service that no endpoint is known of. One line."""


def services_of(function: str, agent: AgentManifest | None) -> frozenset[str]:
    """The services that a function's code calls, by botocore's names.

    What Lambda does for a function does not go through the function's network: its log, its
    segments for X-Ray, its dead letters, the variables it is started with.

    Args:
        function: Its name.
        agent: What it is, where it is an agent's or a runtime's.
    """
    if agent is None:
        return frozenset(CORE_FUNCTIONS[function].operations)
    if agent.framework == RUNS_ELSEWHERE:
        return frozenset(CORE_FUNCTIONS[RUNTIME].operations)
    return frozenset(operations_of(agent))


def endpoints_for(
    functions: Iterable[str], agents: Mapping[str, AgentManifest]
) -> dict[str, EndpointService]:
    """The endpoints that functions need, and no others, by botocore's names.

    Args:
        functions: Those in the VPC.
        agents: Every agent, the runtimes among them.

    Raises:
        NoEndpoint: None is known for a service that an agent reaches.
    """
    needed: dict[str, EndpointService] = {}
    for function in functions:
        agent = agents.get(function)
        reached = {one.service for one in agent.reach} if agent is not None else set()
        for service in sorted(services_of(function, agent)):
            needed[service] = _merged(service, needed.get(service), function, service in reached)
    return dict(sorted(needed.items()))


def _merged(
    service: str, known: EndpointService | None, function: str, reached: bool
) -> EndpointService:
    found = known or _OF_THE_CORE.get(service)
    if found is None:
        if service not in _OF_AGENTS:
            raise NoEndpoint(
                f"agents/{function} reaches {service}, of which no endpoint is known; name it in "
                "network.outside"
            )
        found = EndpointService(_OF_AGENTS[service])
    if not reached:
        return found
    # What an agent's tools do there is its own affair and its role's; that it is this account's
    # service that is asked, and by this account, is the endpoint's. A manifest that asks for less
    # must not cut off what still runs.
    own = Allowed(("*",), ("*",), own_resources=True)
    return EndpointService(found.name, tuple(dict.fromkeys((*found.allowed, own))), found.gateway)
