"""The API function's environment, read once and checked.

Without Pydantic, whose import would be a third of the function's start; see the API's benchmark.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from tradewind.contracts.errors import ConfigurationError
from tradewind.contracts.names import AGENT_NAME_PATTERN, ApiEnvVar, EnvVar, OptionalEnvVar

#: Seconds that a request waits at most; API Gateway waits 29, the rest is for the answer's way.
MAX_WAIT_S: Final = 25
_LARGEST: Final = 10**9


@dataclass(frozen=True)
class ApiEnvironment:
    """What the stacks tell the API's function.

    Attributes:
        environment: The environment's name.
        records_table: Where the invocation records are.
        record_ttl_days: How long one is kept.
        sessions_table: Where the conversations are.
        session_ttl_days: How long one is kept.
        artifacts_bucket: Where artifacts are.
        model_id: The inference profile that the agents use.
        model_region: Where it is.
        agents: Those that may be asked, in the order of their work, and the seconds after which
            Lambda ends a request of each. Runtimes elsewhere are among them.
        queue_life_s: How long Lambda keeps an event before it gives up.
        max_tokens: How long an answer of the model is at most.
        budgets_table: Where it is kept what callers spend.
        prices_json: What model calls cost; empty where that is not known. See ``contracts.prices``.
        budgets_json: What they may cost; empty for anything.
        wait_s: How long a request waits for its answer at most.
        runtimes: Those of ``agents`` that are runtimes elsewhere, by name: what each is.
    """

    environment: str
    records_table: str
    record_ttl_days: int
    sessions_table: str
    session_ttl_days: int
    artifacts_bucket: str
    model_id: str
    model_region: str
    agents: Mapping[str, int]
    queue_life_s: int
    max_tokens: int
    budgets_table: str
    prices_json: str = ""
    budgets_json: str = ""
    wait_s: int = MAX_WAIT_S
    runtimes: Mapping[str, str] = field(default_factory=dict)

    @property
    def own_agents(self) -> tuple[str, ...]:
        """Those that are agents of this project, in the order of their work."""
        return tuple(name for name in self.agents if name not in self.runtimes)

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Self:
        """Read and check the environment.

        Raises:
            ConfigurationError: A variable is missing or invalid; the message names each, and
                repeats no value.
        """
        reading = _Reading(variables)
        read = cls(
            environment=reading.text(EnvVar.ENVIRONMENT),
            records_table=reading.text(EnvVar.RECORDS_TABLE),
            record_ttl_days=reading.number(EnvVar.RECORD_TTL_DAYS, 1, _LARGEST),
            sessions_table=reading.text(EnvVar.SESSIONS_TABLE),
            session_ttl_days=reading.number(EnvVar.SESSION_TTL_DAYS, 1, _LARGEST),
            artifacts_bucket=reading.text(EnvVar.ARTIFACTS_BUCKET),
            model_id=reading.text(EnvVar.MODEL_ID),
            model_region=reading.text(EnvVar.MODEL_REGION),
            agents=reading.agents(ApiEnvVar.AGENTS),
            queue_life_s=reading.number(ApiEnvVar.QUEUE_LIFE_S, 60, _LARGEST),
            max_tokens=reading.number(EnvVar.MAX_TOKENS, 1, _LARGEST),
            budgets_table=reading.text(EnvVar.BUDGETS_TABLE),
            prices_json=variables.get(OptionalEnvVar.MODEL_PRICES, ""),
            budgets_json=variables.get(OptionalEnvVar.BUDGETS, ""),
            wait_s=reading.number(ApiEnvVar.WAIT_S, 0, MAX_WAIT_S, absent=MAX_WAIT_S),
            runtimes=reading.texts(ApiEnvVar.RUNTIMES),
        )
        if not reading.problems:
            reading.known(ApiEnvVar.RUNTIMES, read.runtimes, read.agents)
        if reading.problems:
            raise ConfigurationError(
                f"The function's environment is invalid: {'; '.join(reading.problems)}"
            )
        return read


class _Reading:
    """Reads variables, and notes what is wrong with them."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        value = self._variables.get(name, "")
        if not value:
            self.problems.append(f"{name}: is missing")
        return value

    def number(self, name: str, least: int, most: int, absent: int | None = None) -> int:
        if absent is not None and name not in self._variables:
            return absent
        value = self.text(name)
        number = _whole(value)
        if value and not (number is not None and least <= number <= most):
            self.problems.append(f"{name}: has to be a whole number from {least} to {most}")
        return number or 0

    def agents(self, name: str) -> dict[str, int]:
        value = self.text(name)
        found: dict[str, int] = {}
        for pair in value.split(",") if value else ():
            agent, _, timeout = pair.partition("=")
            timeout_s = _whole(timeout)
            if not re.fullmatch(AGENT_NAME_PATTERN, agent) or not timeout_s or agent in found:
                self.problems.append(f"{name}: has to be like terrain=900,layout=600")
                break
            found[agent] = timeout_s
        return found

    def texts(self, name: str) -> dict[str, str]:
        try:
            found = json.loads(self._variables.get(name, "{}"))
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            self.problems.append(f'{name}: has to be like {{"onboarding":"What it is."}}')
            return {}
        return found

    def known(self, name: str, found: Mapping[str, str], agents: Mapping[str, int]) -> None:
        if not found.keys() <= agents.keys():
            self.problems.append(f"{name}: has some that {ApiEnvVar.AGENTS} has not")


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else None
