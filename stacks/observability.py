"""The observability stack: alarms, dashboards, saved queries.

It names what it watches by physical names, so it depends on no other stack but for the key; where
deployments are gradual, on the alarms of the agents' newest versions, which page with its own.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import names
from stacks.dashboards.agent import agent_rows
from stacks.dashboards.api import api_rows
from stacks.dashboards.model import model_rows
from stacks.dashboards.overview import overview_rows
from stacks.dashboards.runtime import runtime_rows
from stacks.dashboards.runtimes import runtimes_rows
from stacks.parts.alarm_specs import agent_alarms, api_alarms, environment_alarms
from stacks.parts.alarm_topic import AlarmTopic
from stacks.parts.alarms import API_UNWELL, UNWELL, Alarms
from stacks.parts.aws_budget import AwsBudget
from stacks.parts.dashboard import Dashboard
from stacks.parts.metrics import Metrics
from stacks.parts.queries import SavedQueries
from stacks.parts.runtime_alarms import runtime_alarms
from stacks.parts.version_alarms import version_alarm_names
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
        topic = AlarmTopic(
            self,
            "Alarms",
            key=key,
            email=settings.alarm_email,
            alarm_prefix=names.resource_prefix(environment),
        ).topic

        if settings.aws_budget is not None:
            AwsBudget(
                self,
                "AwsBudget",
                settings=settings.aws_budget,
                topic=topic,
            )

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
        paging = [
            Alarms(
                self,
                f"{names.construct_id(agent)}Alarms",
                environment=environment,
                agent=agent,
                specs=specs[agent],
                runbook_url=settings.runbook_url,
            ).notify_as_one(
                topic,
                UNWELL,
                f"the {agent} agent",
                besides=version_alarm_names(settings, manifest),
            )
            for agent, manifest in agents.items()
        ]
        api_specs = api_alarms(
            metrics, settings.api.wait_s, settings.alarms, by_token=settings.oidc is not None
        )
        paging.append(
            Alarms(
                self,
                "ApiAlarms",
                environment=environment,
                agent=None,
                specs=api_specs,
                runbook_url=settings.runbook_url,
            ).notify_as_one(topic, API_UNWELL, "the API")
        )
        environment_specs = environment_alarms(
            metrics,
            settings.alarms,
            logged=settings.request_log is not None,
            durable=bool(settings.workflows.durable),
            gradual=settings.deployment.gradual,
        )
        paging += Alarms(
            self,
            "EnvironmentAlarms",
            environment=environment,
            agent=None,
            specs=environment_specs,
            runbook_url=settings.runbook_url,
        ).notify(topic)

        dashboards = {
            "overview": overview_rows(
                metrics,
                on_agents=list(specs.values()),
                on_environment=environment_specs,
                alarm_arns=paging,
                prices_as_of=settings.prices.as_of,
            ),
            "model": model_rows(metrics, environment_specs),
            "api": api_rows(metrics, api_specs, environment_specs),
            **{
                name: (runtime_rows if name in runtimes else agent_rows)(metrics, name, specs[name])
                for name in agents
            },
        }
        if runtimes:
            dashboards["runtimes"] = runtimes_rows(metrics, runtimes)
        folder = Construct(self, "Dashboards")
        for subject, rows in dashboards.items():
            Dashboard(
                folder,
                names.construct_id(subject),
                name=names.dashboard_name(environment, subject),
                rows=rows,
            )

        SavedQueries(
            self,
            "Queries",
            environment=environment,
            log_groups=[names.log_group_name(environment, agent) for agent in (*agents, API, MCP)],
        )
