"""How an environment's agents are deployed, as its file says it."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from tradewind.contracts.validation import Frozen, refused, whole_number

#: CodeDeploy shifts traffic for two days at most.
#: https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
_LONGEST_MINUTES: Final = 2880


class DeploymentSettings(Frozen):
    """How `live` goes from one version to the next, and how many versions are kept.

    Attributes:
        strategy: `all_at_once` moves `live` in one go. `canary` gives the new version `percent` of
            the requests, and `minutes` later all of them; `linear` gives it `percent` more every
            `minutes`. Both ask it a question first, watch it alone, and go back by themselves.
        percent: Of the requests, in a step.
        minutes: Between two steps.
        error_percent: A new version goes back when more of its requests fail by our fault.
        slower_times: It goes back when half of its requests take so many times as long as half of
            all those in the same hour.
        hold: Agents whose `live` stays at a version whatever is deployed, such as one that was gone
            back to; the version by the agent's name.
        keep_versions: Of each function, so many versions stay to go back to, `live`'s included.
    """

    strategy: Annotated[
        Literal["all_at_once", "canary", "linear"],
        Field(description="all_at_once, canary or linear"),
    ] = "all_at_once"
    percent: Annotated[int, whole_number(1, 99)] = 10
    minutes: Annotated[int, whole_number(1, _LONGEST_MINUTES)] = 5
    error_percent: Annotated[
        float, Field(gt=0, lt=100, description="a number of percent above 0 and below 100")
    ] = 5
    slower_times: Annotated[
        float, Field(gt=1, le=100, description="a number above 1 and up to 100")
    ] = 3
    hold: Annotated[
        Mapping[str, Annotated[int, whole_number(1, 1_000_000_000)]],
        Field(description="a mapping of agents' names to version numbers"),
    ] = {}
    keep_versions: Annotated[int, whole_number(2, 100)] = 5

    @property
    def gradual(self) -> bool:
        """Whether a new version gets requests step by step."""
        return self.strategy != "all_at_once"

    @model_validator(mode="after")
    def _ends_in_time(self) -> "DeploymentSettings":
        # The first step is at once: ninety-nine percent every minute end after one.
        steps = 1 if self.strategy == "canary" else -(-100 // self.percent) - 1
        if self.strategy == "linear" and steps * self.minutes > _LONGEST_MINUTES:
            raise refused(
                f"{steps} steps of {self.minutes} minutes are {steps * self.minutes}; give at most "
                f"{_LONGEST_MINUTES} minutes in all"
            )
        return self
