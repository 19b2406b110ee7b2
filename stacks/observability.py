"""The observability stack: alarms, dashboards, saved queries.

It names what it watches by physical names, so it depends on no other stack but for the key.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import names
from stacks.parts.alarm_topic import AlarmTopic
from stacks.parts.alarms import Alarms, agent_watches, environment_watches
from stacks.parts.dashboards import Scene, agent_dashboard, model_dashboard, overview
from stacks.parts.metrics import Metrics
from stacks.parts.queries import SavedQueries
from stacks.settings import Settings
from tradewind.contracts.agent_manifest import AgentManifest


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
        metrics = Metrics(
            environment, tuple(agents), settings.model.inference_profile, settings.model.region
        )
        topic = AlarmTopic(
            self,
            "Alarms",
            key=key,
            email=settings.alarm_email,
            alarm_prefix=names.resource_prefix(environment),
        ).topic

        shown = []
        for agent, manifest in agents.items():
            alarms = Alarms(
                self,
                f"{names.construct_id(agent)}Alarms",
                environment=environment,
                agent=agent,
                watches=agent_watches(metrics, agent, settings.function(manifest), settings.alarms),
                runbook_url=settings.runbook_url,
            )
            shown.append(alarms.notify_as_one(topic))
        environment_alarms = Alarms(
            self,
            "EnvironmentAlarms",
            environment=environment,
            agent=None,
            watches=environment_watches(metrics, settings.alarms),
            runbook_url=settings.runbook_url,
        )
        environment_alarms.notify(topic)

        scene = Scene(metrics, settings.alarms, settings.prices)
        dashboards = Construct(self, "Dashboards")
        overview(dashboards, scene, [*shown, *environment_alarms.all.values()])
        model_dashboard(dashboards, scene)
        for agent, manifest in agents.items():
            agent_dashboard(dashboards, scene, agent, settings.function(manifest))

        SavedQueries(
            self,
            "Queries",
            environment=environment,
            log_groups=[names.log_group_name(environment, agent) for agent in agents],
        )
