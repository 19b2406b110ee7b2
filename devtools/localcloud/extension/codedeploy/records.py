"""What CodeDeploy keeps: applications, their groups, configurations and deployments."""

import secrets
import string
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from devtools.localcloud.extension.codedeploy import traffic
from devtools.localcloud.extension.codedeploy.appspec import AppSpec
from devtools.localcloud.extension.codedeploy.refusal import Refused
from devtools.localcloud.running import ACCOUNT_ID, REGION

Document = Mapping[str, Any]

ARN: Final = f"arn:aws:codedeploy:{REGION}:{ACCOUNT_ID}"
PLATFORM: Final = "Lambda"
ACTIVE: Final = ("Created", "Queued", "InProgress", "Baking", "Ready")
STYLE: Final = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
_ID_LETTERS: Final = string.ascii_uppercase + string.digits


@dataclass
class Application:
    """An application of the Lambda platform."""

    name: str
    tags: list[dict[str, str]]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    made: float = field(default_factory=time.time)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"{ARN}:application:{self.name}"


@dataclass
class Group:
    """A deployment group.

    Attributes:
        settings: What it was given, in the API's terms.
    """

    application: str
    name: str
    settings: dict[str, Any]
    tags: list[dict[str, str]]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"{ARN}:deploymentgroup:{self.application}/{self.name}"

    @property
    def config(self) -> str:
        """The name of its deployment configuration."""
        return str(self.settings.get("deploymentConfigName") or traffic.DEFAULT)

    @property
    def role(self) -> str:
        """The service role's ARN."""
        return str(self.settings["serviceRoleArn"])


@dataclass
class Event:
    """A lifecycle event of a deployment."""

    name: str
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    diagnostics: str = ""
    execution_id: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def document(self) -> dict[str, Any]:
        """As the API tells it."""
        told: dict[str, Any] = {"lifecycleEventName": self.name, "status": self.status}
        if self.started is not None:
            told["startTime"] = self.started
        if self.ended is not None:
            told["endTime"] = self.ended
        if self.diagnostics:
            code = "Success" if self.status == "Succeeded" else "ScriptFailed"
            told["diagnostics"] = {"errorCode": code, "message": self.diagnostics}
        return told


@dataclass
class Deployment:
    """A deployment.

    Attributes:
        config: The name of its deployment configuration.
        routing: What that says of the traffic.
        alarms: Its alarm configuration, in the API's terms.
        rollback: Its configuration of automatic rollbacks, in the API's terms.
        weight: The new version's share of the traffic, in percent.
        stop: Whether somebody asked for its end.
        stop_with_rollback: Whether with a rollback; None for what its settings say.
        over: Whether it has ended, and what takes it back too.
    """

    group: Group
    spec: AppSpec
    config: str
    routing: Document
    alarms: Document
    rollback: Document
    creator: str
    description: str = ""
    id: str = field(
        default_factory=lambda: "d-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(9))
    )
    status: str = "Created"
    made: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    error: dict[str, str] | None = None
    rollback_info: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    weight: int = 0
    stop: bool = False
    over: bool = False
    stop_with_rollback: bool | None = None

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.status in ACTIVE

    def event(self, name: str) -> Event:
        """One of its lifecycle events."""
        return next(event for event in self.events if event.name == name)


class Records:
    """All of it."""

    def __init__(self) -> None:
        self.applications: dict[str, Application] = {}
        self.groups: dict[tuple[str, str], Group] = {}
        self.configs: dict[str, dict[str, Any]] = {
            name: {
                "deploymentConfigId": str(uuid.uuid4()),
                "deploymentConfigName": name,
                "computePlatform": PLATFORM,
                "trafficRoutingConfig": dict(routing),
                "createTime": time.time(),
            }
            for name, routing in traffic.predefined().items()
        }
        self.deployments: dict[str, Deployment] = {}

    def application(self, name: str | None) -> Application:
        """An application.

        Raises:
            Refused: There is none of this name.
        """
        if not name:
            raise Refused("Application name is missing", "ApplicationNameRequiredException")
        if name not in self.applications:
            raise Refused(
                f"No application found for name: {name}", "ApplicationDoesNotExistException"
            )
        return self.applications[name]

    def group(self, application: str | None, name: str | None) -> Group:
        """A deployment group.

        Raises:
            Refused: There is no such application, or no such group of it.
        """
        found = self.application(application)
        if not name:
            raise Refused(
                "Deployment Group name is missing", "DeploymentGroupNameRequiredException"
            )
        if (found.name, name) not in self.groups:
            raise Refused(
                f"No Deployment Group found for name: {name}",
                "DeploymentGroupDoesNotExistException",
            )
        return self.groups[found.name, name]

    def config(self, name: str) -> dict[str, Any]:
        """A deployment configuration.

        Raises:
            Refused: There is none of this name.
        """
        if name not in self.configs:
            raise Refused(
                f"No Deployment Configuration found for name: {name}",
                "DeploymentConfigDoesNotExistException",
            )
        return self.configs[name]

    def deployment(self, deployment_id: str | None) -> Deployment:
        """A deployment.

        Raises:
            Refused: There is none of this id.
        """
        if not deployment_id:
            raise Refused("Deployment Id is missing", "DeploymentIdRequiredException")
        if deployment_id not in self.deployments:
            raise Refused(
                f"The deployment {deployment_id} could not be found",
                "DeploymentDoesNotExistException",
            )
        return self.deployments[deployment_id]

    def of_group(self, group: Group) -> list[Deployment]:
        """A group's deployments, the newest first."""
        found = [one for one in list(self.deployments.values()) if one.group is group]
        return found[::-1]

    def active(self) -> Iterable[Deployment]:
        """The deployments that have not ended."""
        return [one for one in list(self.deployments.values()) if one.active]

    def watched_alarms(self) -> set[str]:
        """The names of the alarms that a group, or a deployment that has not ended, looks at."""
        configurations = [
            group.settings.get("alarmConfiguration") or {} for group in list(self.groups.values())
        ]
        configurations += [one.alarms for one in self.active()]
        return {alarm["name"] for each in configurations for alarm in each.get("alarms") or []}
