"""The observability stack: alarms, dashboards, saved queries.

It names what it watches by physical names, so it depends on no other stack but for the key; where
deployments are gradual, on the alarms of the agents' newest versions, which page with its own.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import names
from stacks.dashboards.agent import AGENT
from stacks.dashboards.boards import Boards
from stacks.dashboards.watched import Watched
from stacks.parts.alarm_specs import agent_alarms
from stacks.parts.alarm_topic import AlarmTopic
from stacks.parts.alarms import API_UNWELL, UNWELL, Alarms, AlarmSpec, Told
from stacks.parts.api_alarms import api_alarms
from stacks.parts.aws_budget import AwsBudget
from stacks.parts.environment_alarms import environment_alarms
from stacks.parts.metrics import Metrics
from stacks.parts.queries import SavedQueries
from stacks.parts.runtime_alarms import runtime_alarms
from stacks.parts.version_alarms import version_alarm_names, version_alarms
from stacks.settings.environment import Settings
from tradewind.contracts.agent_manifest import RUNS_ELSEWHERE, AgentManifest
from tradewind.contracts.names import API, MCP


class ObservabilityStack(Stack):
    """What is watched, by whom, and where it is seen."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        agents: Mapping[str, AgentManifest],
        key: kms.IKey,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        environment = settings.environment
        metrics = Metrics(environment, tuple(agents), settings.model.id, settings.model.region)
        told = self._told(settings, key)
        if settings.aws_budget is not None:
            AwsBudget(self, "AwsBudget", settings=settings.aws_budget, topic=told.notices)

        specs = {
            agent: agent_alarms(metrics.agent(agent), settings.function(manifest), settings.alarms)
            for agent, manifest in agents.items()
        }
        runtimes = {
            name: runtime_alarms(metrics.agent(name), settings.alarms)
            for name, manifest in agents.items()
            if manifest.framework == RUNS_ELSEWHERE
        }
        for name, on_runtime in runtimes.items():
            specs[name] |= on_runtime
        api_specs = api_alarms(
            metrics, settings.api.wait_s, settings.alarms, by_token=settings.oidc is not None
        )
        environment_specs = environment_alarms(
            metrics,
            settings.alarms,
            logged=settings.request_log is not None,
            durable=bool(settings.workflows.durable),
            gradual=settings.deployment.gradual,
        )
        for agent, manifest in agents.items():
            self._alarms(
                f"{names.construct_id(agent)}Alarms", settings, specs[agent], agent
            ).tell_as_one(
                told,
                UNWELL,
                f"the {agent} agent",
                besides=version_alarm_names(settings, manifest),
            )
        self._alarms("ApiAlarms", settings, api_specs).tell_as_one(told, API_UNWELL, "the API")
        self._alarms("EnvironmentAlarms", settings, environment_specs).tell(told)

        Boards(
            self,
            "Dashboards",
            Watched(
                metrics=metrics,
                on_agents=specs,
                on_runtimes={name: specs[name] for name in runtimes},
                on_versions=(
                    # Of whichever version: it is in the alarms alone.
                    version_alarms(metrics.agent(AGENT), "newest", settings.deployment)
                    if settings.deployment.gradual
                    else {}
                ),
                on_api=api_specs,
                on_environment=environment_specs,
                snap_start=settings.snap_start,
                by_token=settings.oidc is not None,
                runbook_url=settings.runbook_url,
                prices_as_of=settings.prices.as_of,
            ),
        )

        SavedQueries(
            self,
            "Queries",
            environment=environment,
            log_groups=[names.log_group_name(environment, agent) for agent in (*agents, API, MCP)],
        )

    def _told(self, settings: Settings, key: kms.IKey) -> Told:
        """Make the topics, and say it where pages lead to nobody."""
        if settings.nobody_paged is not None:
            CfnOutput(self, names.Output.NOBODY_PAGED, value=settings.nobody_paged)
        prefix = names.resource_prefix(settings.environment)
        pages, notices = (
            AlarmTopic(self, construct_id, key=key, email=email, alarm_prefix=prefix).topic
            for construct_id, email in (
                (names.PAGES, settings.alarm_email),
                (names.NOTICES, settings.notice_email or settings.alarm_email),
            )
        )
        return Told(pages, notices)

    def _alarms(
        self,
        construct_id: str,
        settings: Settings,
        specs: Mapping[str, AlarmSpec],
        agent: str | None = None,
    ) -> Alarms:
        return Alarms(
            self,
            construct_id,
            environment=settings.environment,
            agent=agent,
            specs=specs,
            runbook_url=settings.runbook_url,
        )
