"""Exactly the IAM statement that calling one runtime of AgentCore needs."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_iam as iam

from stacks.parts.statements import allow
from tradewind.contracts.runtime_target import Transport

#: A WebSocket to a runtime is an action of its own. On a user's behalf it would be yet another one,
#: which nothing here asks for.
_ACTIONS: Final[dict[Transport, str]] = {
    "sdk": "bedrock-agentcore:InvokeAgentRuntime",
    "socket": "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
}


@dataclass(frozen=True)
class RuntimeAccess:
    """What is called, and how.

    Attributes:
        arn: The runtime's.
        endpoint: Its endpoint's name.
        transport: How it is reached.
    """

    arn: str
    endpoint: str
    transport: Transport

    def statement(self) -> iam.PolicyStatement:
        """AgentCore checks a call against the runtime, and against the endpoint that is named."""
        resources = [self.arn, f"{self.arn}/runtime-endpoint/{self.endpoint}"]
        return allow([_ACTIONS[self.transport]], resources)
