"""Which runtime of AgentCore a function asks, and how."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Transport = Literal["sdk", "socket"]


class RuntimeTarget(BaseModel):
    """A runtime, as the stacks tell the function that asks it.

    Attributes:
        arn: The runtime's.
        qualifier: The endpoint's name.
        transport: How it is reached: a request of InvokeAgentRuntime, or a WebSocket.
        agent: The agent of this project that runs there, in the same environment; None for one that
            is somebody else's, whose answers are taken for nothing but what they say.
        most_usd: What one call of somebody else's may cost at most; None where that is not limited.
            One of ours has each of its model calls counted where it runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    arn: str
    qualifier: str
    transport: Transport = "sdk"
    agent: str | None = None
    most_usd: Annotated[float | None, Field(gt=0)] = None
