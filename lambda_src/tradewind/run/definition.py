"""What makes an agent: its prompt and its tools. Built once per process."""

from dataclasses import dataclass

from strands.types.tools import AgentTool


@dataclass(frozen=True)
class AgentDefinition:
    """The parts of an agent that requests share.

    Attributes:
        system_prompt: What the model is told before every conversation.
        tools: What the model may call. They hold no state of a request.
    """

    system_prompt: str
    tools: tuple[AgentTool, ...]
