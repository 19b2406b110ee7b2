"""What an environment's file says of agents on AgentCore Runtime."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tradewind.contracts.validation import Frozen, refused, whole_number

#: Seconds that AgentCore keeps a session at most.
_LONGEST_SESSION_S = 28_800


class AgentCoreSettings(Frozen):
    """Sessions of the agents whose manifest has `agentcore`: each is a process of its own.

    Attributes:
        idle_session_s: How long a session's process is kept without a request.
        max_session_s: How long it is kept at all.
        session_storage: Whether a session has a folder that outlives its process, where
            `TRADEWIND_SESSION_STORAGE` says. AWS calls it a preview, and the embedded AWS has none.
    """

    idle_session_s: Annotated[int, whole_number(60, _LONGEST_SESSION_S)] = 900
    max_session_s: Annotated[int, whole_number(60, _LONGEST_SESSION_S)] = _LONGEST_SESSION_S
    session_storage: Annotated[bool, Field(description="true or false")] = False

    @model_validator(mode="after")
    def _idles_no_longer_than_it_lives(self) -> Self:
        if self.idle_session_s > self.max_session_s:
            raise refused(
                f"idle_session_s: {self.idle_session_s} is not allowed; give at most "
                f"max_session_s, which is {self.max_session_s}"
            )
        return self
