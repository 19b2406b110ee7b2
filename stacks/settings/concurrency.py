"""How many instances functions have at most, as an environment's file says it."""

from typing import Annotated, Final

from pydantic import Field

from tradewind.contracts.validation import Frozen, whole_number

#: Of an agent's function where nothing is said of it: each request in it costs a model's tokens.
AGENT_CAP: Final = 20
#: Of each function behind the API: as many as wait for all of a handful of agents.
API_CAP: Final = 100
#: Two sweeps at once would settle the same records.
SWEEP_CAP: Final = 1


class ConcurrencySettings(Frozen):
    """Instances that functions have at most. An empty mapping, ``{}``, takes every default.

    Attributes:
        account: Executions that Lambda runs at once at most in the whole account, in the region;
            what functions set aside has to fit in. `tradewind deploy` asks whether it does.
        reserve: Whether functions are capped: what caps a function sets instances aside for it.
            False in a new account, which has 10 and leaves none to set aside; of all caps those of
            0, which stop a function, still hold.
        authorizer: Instances set aside for, and at most given to, the function that reads tokens.
        durable: The same of the function that runs workflows past one Lambda.
    """

    account: Annotated[int, whole_number(10, 1_000_000)] = 1000
    reserve: Annotated[bool, Field(description="true or false")] = True
    authorizer: Annotated[int, whole_number(1, 1000)] = 50
    durable: Annotated[int, whole_number(1, 1000)] = 20

    def cap(self, instances: int | None) -> int | None:
        """What a function has in the end of what is said of it; None for no cap."""
        return instances if self.reserve or instances == 0 else None
