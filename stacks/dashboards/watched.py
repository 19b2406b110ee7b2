"""What an environment's dashboards are about: its metrics, its logs and its alarms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from aws_cdk import Aws

from stacks import names
from stacks.parts.alarms import UNWELL, AlarmSpec, Urgency, runbook
from stacks.parts.metrics import Metrics
from tradewind.contracts.names import API, SWEEP

Alarms = Mapping[str, AlarmSpec]


@dataclass(frozen=True)
class Watched:
    """An environment as its dashboards see it.

    Attributes:
        metrics: Its metrics.
        on_agents: Each agent's alarms by symptom; a runtime is one, too.
        on_runtimes: Those of the agents that are runtimes on AgentCore.
        on_versions: The alarms on the newest version of each agent that is no runtime, by symptom.
        on_api: The API's alarms by symptom.
        on_environment: The environment's alarms by symptom.
        snap_start: Whether processes are restored from a snapshot.
        by_token: Whether there is an API for those who hold tokens.
        runbook_url: Where the runbooks are read; None for the repository.
        prices_as_of: The day of the prices that costs are estimated from.
    """

    metrics: Metrics
    on_agents: Mapping[str, Alarms]
    on_runtimes: Mapping[str, Alarms]
    on_versions: Alarms
    on_api: Alarms
    on_environment: Alarms
    snap_start: bool
    by_token: bool
    runbook_url: str | None
    prices_as_of: date

    @property
    def environment(self) -> str:
        """Its name."""
        return self.metrics.environment

    @property
    def on_lambda(self) -> Mapping[str, Alarms]:
        """The alarms of the agents that are no runtimes, those on their newest versions included.

        An agent's board shows those that all of them have: it is one board for all.
        """
        return {
            agent: {**alarms, **self.on_versions}
            for agent, alarms in self.on_agents.items()
            if agent not in self.on_runtimes
        }

    def arn(self, symptom: str, agent: str | None = None) -> str:
        """An alarm's ARN, made of its name: an alarm may be in another stack, or any agent's."""
        name = names.alarm_name(self.environment, symptom, agent)
        return f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:{name}"

    def arns(self, *urgencies: Urgency) -> list[str]:
        """The agents' and the API's alarms of these urgencies."""
        agents = {**self.on_lambda, **self.on_runtimes}
        return [
            *(self.arn(one.symptom, agent) for agent, alarms in agents.items()
              for one in alarms.values() if one.urgency in urgencies),
            *(self.arn(one.symptom) for one in self.on_api.values() if one.urgency in urgencies),
        ]  # fmt: skip

    @property
    def agents_logs(self) -> list[str]:
        """The agents' log groups."""
        return [names.log_group_name(self.environment, agent) for agent in self.metrics.agents]

    @property
    def api_log(self) -> str:
        """The log group of the API's function."""
        return names.log_group_name(self.environment, API)

    @property
    def sweep_log(self) -> str:
        """The log group of the sweep's function."""
        return names.log_group_name(self.environment, SWEEP)

    def board(self, subject: str, text: str) -> str:
        """A link to another dashboard, in whichever region and account this one is looked at."""
        return f"[{text}](#dashboards:name={names.dashboard_name(self.environment, subject)})"

    def red_alarms(self) -> str:
        """A link to the list of the environment's red alarms."""
        search = names.resource_prefix(self.environment)
        return f"[red alarms](#alarmsV2:?~(search~'{search}~alarmStateFilter~'ALARM))"

    def runbook(self, symptom: str = UNWELL) -> str:
        """A link to a runbook, or where there is no address its file."""
        where = runbook(symptom, self.runbook_url)
        return f"[{symptom}]({where})" if self.runbook_url else f"`{where}`"


def common(of_each: Mapping[str, Alarms]) -> dict[str, AlarmSpec]:
    """The alarms by symptom that every one of some agents has; the first agent's stand for all."""
    first, *others = of_each.values()
    return {
        symptom: alarm
        for symptom, alarm in first.items()
        if all(symptom in alarms for alarms in others)
    }


def of_some(of_each: Mapping[str, Alarms]) -> dict[str, dict[str, AlarmSpec]]:
    """The alarms that only some of the agents have, by symptom and agent."""
    shared = common(of_each) if of_each else {}
    found: dict[str, dict[str, AlarmSpec]] = {}
    for agent, alarms in of_each.items():
        for symptom, alarm in alarms.items():
            if symptom not in shared:
                found.setdefault(symptom, {})[agent] = alarm
    return found
