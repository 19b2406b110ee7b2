"""The operations of CodeDeploy's API that Lambda deployments need."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

import botocore.session

from devtools.localcloud.extension.codedeploy import appspec, traffic
from devtools.localcloud.extension.codedeploy.documents import (
    of_deployment,
    of_group,
    of_target,
)
from devtools.localcloud.extension.codedeploy.records import (
    PLATFORM,
    STYLE,
    Application,
    Group,
)
from devtools.localcloud.extension.codedeploy.refusal import (
    Refused,
    Response,
    answer,
    unsupported,
)
from devtools.localcloud.extension.codedeploy.service import Service
from devtools.localcloud.extension.shapes import wrong

#: What a group may be given; the rest is of other platforms, or not there.
_SETTINGS: Final = (
    "deploymentConfigName",
    "serviceRoleArn",
    "alarmConfiguration",
    "autoRollbackConfiguration",
    "deploymentStyle",
)
_DEPLOYMENT: Final = (
    "applicationName",
    "deploymentGroupName",
    "revision",
    "deploymentConfigName",
    "description",
    "autoRollbackConfiguration",
    "overrideAlarmConfiguration",
)
#: What a hook may report.
_REPORTS: Final = ("Succeeded", "Failed")

Given = Mapping[str, Any]
Document = dict[str, Any]


class Api:
    """Answers requests whose signature and permissions were checked."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._records = service.records
        self._model = botocore.session.get_session().get_service_model("codedeploy")
        self._operations: dict[str, Callable[[Given], Document]] = {
            "BatchGetDeployments": self._batch_get_deployments,
            "BatchGetDeploymentTargets": self._batch_get_targets,
            "CreateApplication": self.create_application,
            "CreateDeployment": self._create_deployment,
            "CreateDeploymentConfig": self.create_config,
            "CreateDeploymentGroup": self.create_group,
            "DeleteApplication": self.delete_application,
            "DeleteDeploymentConfig": self.delete_config,
            "DeleteDeploymentGroup": self.delete_group,
            "GetApplication": self._get_application,
            "GetDeployment": self._get_deployment,
            "GetDeploymentConfig": self._get_config,
            "GetDeploymentGroup": self._get_group,
            "GetDeploymentTarget": self._get_target,
            "ListApplications": self._list_applications,
            "ListDeploymentConfigs": self._list_configs,
            "ListDeploymentGroups": self._list_groups,
            "ListDeployments": self._list_deployments,
            "ListDeploymentTargets": self._list_targets,
            "ListTagsForResource": self._list_tags,
            "PutLifecycleEventHookExecutionStatus": self._put_status,
            "StopDeployment": self._stop_deployment,
            "UpdateDeploymentGroup": self.update_group,
        }

    def answer(self, operation: str, body: bytes) -> Response:
        """Answer a request."""
        try:
            if operation not in self._operations:
                raise unsupported(operation)
            given = json.loads(body or b"{}")
            self.check(operation, given)
            return answer(self._operations[operation](given))
        except Refused as refused:
            return refused.response()

    def check(self, operation: str, given: Given) -> None:
        """Check a request against the service model.

        Raises:
            Refused: With every place that is wrong.
        """
        said = list(wrong(self._model.operation_model(operation).input_shape, given))
        if said:
            count = f"{len(said)} validation error{'s' if len(said) > 1 else ''} detected: "
            raise Refused(count + "; ".join(said), "ValidationException")

    # -- applications -----------------------------------------------------------------------

    def create_application(self, given: Given) -> Document:
        """Make an application.

        Raises:
            Refused: The name is taken, or it is for another platform.
        """
        name = given["applicationName"]
        if given.get("computePlatform", "Server") != PLATFORM:
            raise unsupported("A computePlatform other than Lambda")
        if name in self._records.applications:
            raise Refused(
                f"Application already exists: {name}", "ApplicationAlreadyExistsException"
            )
        made = Application(name, list(given.get("tags") or []))
        self._records.applications[name] = made
        return {"applicationId": made.id}

    def delete_application(self, given: Given) -> Document:
        """Delete an application, and its groups with it."""
        name = given["applicationName"]
        self._records.applications.pop(name, None)
        for key in [key for key in self._records.groups if key[0] == name]:
            del self._records.groups[key]
        return {}

    def retag_application(self, name: str, tags: list[dict[str, str]]) -> None:
        """Give an application these tags in place of those it has."""
        self._records.application(name).tags = tags

    def _get_application(self, given: Given) -> Document:
        found = self._records.application(given.get("applicationName"))
        told = {
            "applicationId": found.id,
            "applicationName": found.name,
            "createTime": found.made,
            "linkedToGitHub": False,
            "computePlatform": PLATFORM,
        }
        return {"application": told}

    def _list_applications(self, _given: Given) -> Document:
        return {"applications": sorted(self._records.applications)}

    # -- configurations ---------------------------------------------------------------------

    def create_config(self, given: Given) -> Document:
        """Make a deployment configuration.

        Raises:
            Refused: The name is taken or AWS's own, or its traffic routing is not possible.
        """
        name = given["deploymentConfigName"]
        if given.get("computePlatform", "Server") != PLATFORM:
            raise unsupported("A computePlatform other than Lambda")
        for member in ("minimumHealthyHosts", "zonalConfig"):
            if given.get(member):
                raise unsupported(member)
        if name.startswith(traffic.PREDEFINED_PREFIX):
            raise Refused(
                f"Deployment configuration names that begin with {traffic.PREDEFINED_PREFIX} are "
                "reserved",
                "InvalidDeploymentConfigNameException",
            )
        if name in self._records.configs:
            raise Refused(
                f"Deployment Configuration already exists: {name}",
                "DeploymentConfigAlreadyExistsException",
            )
        made = {
            "deploymentConfigId": str(uuid.uuid4()),
            "deploymentConfigName": name,
            "computePlatform": PLATFORM,
            "trafficRoutingConfig": traffic.checked(given.get("trafficRoutingConfig")),
            "createTime": time.time(),
        }
        self._records.configs[name] = made
        return {"deploymentConfigId": made["deploymentConfigId"]}

    def delete_config(self, given: Given) -> Document:
        """Delete a deployment configuration.

        Raises:
            Refused: It is AWS's own, or a group has it.
        """
        name = given["deploymentConfigName"]
        if name.startswith(traffic.PREDEFINED_PREFIX):
            raise Refused("It is AWS's own", "InvalidOperationException")
        if any(group.config == name for group in self._records.groups.values()):
            raise Refused(
                f"Deployment Configuration is in use: {name}", "DeploymentConfigInUseException"
            )
        self._records.configs.pop(name, None)
        return {}

    def _get_config(self, given: Given) -> Document:
        return {"deploymentConfigInfo": self._records.config(given["deploymentConfigName"])}

    def _list_configs(self, _given: Given) -> Document:
        return {"deploymentConfigsList": sorted(self._records.configs)}

    # -- groups -----------------------------------------------------------------------------

    def create_group(self, given: Given) -> Document:
        """Make a deployment group.

        Raises:
            Refused: The name is taken, there is no such application or configuration, or it asks
                for what Lambda deployments do not have.
        """
        application = self._records.application(given["applicationName"])
        name = given["deploymentGroupName"]
        if (application.name, name) in self._records.groups:
            raise Refused(
                f"Deployment group already exists: {name}", "DeploymentGroupAlreadyExistsException"
            )
        group = Group(application.name, name, self._settings(given), list(given.get("tags") or []))
        self._records.groups[application.name, name] = group
        return {"deploymentGroupId": group.id}

    def update_group(self, given: Given) -> Document:
        """Change what a deployment group is given; what is not named stays.

        Raises:
            Refused: As for a new one; or its name is to change.
        """
        group = self._records.group(given["applicationName"], given["currentDeploymentGroupName"])
        if given.get("newDeploymentGroupName", group.name) != group.name:
            raise unsupported("newDeploymentGroupName")
        group.settings = self._settings({**group.settings, **given})
        return {"hooksNotCleanedUp": []}

    def delete_group(self, given: Given) -> Document:
        """Delete a deployment group."""
        key = (given["applicationName"], given["deploymentGroupName"])
        self._records.groups.pop(key, None)
        return {"hooksNotCleanedUp": []}

    def retag_group(self, application: str, name: str, tags: list[dict[str, str]]) -> None:
        """Give a group these tags in place of those it has."""
        self._records.group(application, name).tags = tags

    def _settings(self, given: Given) -> Document:
        names = {"applicationName", "deploymentGroupName", "currentDeploymentGroupName", "tags"}
        unknown = sorted(
            name for name, value in given.items() if value and name not in {*names, *_SETTINGS}
        )
        if unknown:
            raise unsupported(", ".join(unknown))
        if given.get("deploymentStyle", STYLE) != STYLE:
            raise Refused(
                "For Lambda, a deployment group must be BLUE_GREEN, WITH_TRAFFIC_CONTROL",
                "InvalidDeploymentStyleException",
            )
        if name := given.get("deploymentConfigName"):
            self._records.config(name)
        alarms = given.get("alarmConfiguration") or {}
        if alarms.get("enabled") and not alarms.get("alarms"):
            raise Refused("Alarms are enabled, and there are none", "InvalidAlarmConfigException")
        rollback = given.get("autoRollbackConfiguration") or {}
        if rollback.get("enabled") and not rollback.get("events"):
            raise Refused(
                "Automatic rollbacks are enabled, and for no event",
                "InvalidAutoRollbackConfigException",
            )
        return {name: given[name] for name in _SETTINGS if name in given}

    def _get_group(self, given: Given) -> Document:
        group = self._records.group(given["applicationName"], given["deploymentGroupName"])
        return {"deploymentGroupInfo": of_group(group, self._records)}

    def _list_groups(self, given: Given) -> Document:
        application = self._records.application(given["applicationName"])
        names = sorted(group for name, group in self._records.groups if name == application.name)
        return {"applicationName": application.name, "deploymentGroups": names}

    # -- deployments ------------------------------------------------------------------------

    def _create_deployment(self, given: Given) -> Document:
        unknown = sorted(name for name, value in given.items() if value and name not in _DEPLOYMENT)
        if unknown:
            raise unsupported(", ".join(unknown))
        group = self._records.group(given.get("applicationName"), given.get("deploymentGroupName"))
        spec = appspec.of_revision(given.get("revision"))
        return {"deploymentId": self._service.start(group, spec, "user", given).id}

    def _get_deployment(self, given: Given) -> Document:
        return {"deploymentInfo": of_deployment(self._records.deployment(given["deploymentId"]))}

    def _batch_get_deployments(self, given: Given) -> Document:
        found = [self._records.deployments.get(each) for each in given["deploymentIds"]]
        return {"deploymentsInfo": [of_deployment(one) for one in found if one]}

    def _list_deployments(self, given: Given) -> Document:
        if given.get("createTimeRange") or given.get("externalId"):
            raise unsupported("createTimeRange, externalId")
        if given.get("applicationName"):
            self._records.group(given["applicationName"], given.get("deploymentGroupName"))
        elif given.get("deploymentGroupName"):
            raise Refused("Application name is missing", "ApplicationNameRequiredException")
        statuses = given.get("includeOnlyStatuses")
        found = [
            one.id
            for one in reversed(list(self._records.deployments.values()))
            if given.get("applicationName") in (None, one.group.application)
            and given.get("deploymentGroupName") in (None, one.group.name)
            and (not statuses or one.status in statuses)
        ]
        return {"deployments": found}

    def _stop_deployment(self, given: Given) -> Document:
        deployment = self._records.deployment(given["deploymentId"])
        self._service.stop(deployment, given.get("autoRollbackEnabled"))
        return {"status": "Pending", "statusMessage": "The deployment is being stopped."}

    def _get_target(self, given: Given) -> Document:
        deployment = self._records.deployment(given["deploymentId"])
        target = of_target(deployment)
        if given["targetId"] != target["lambdaTarget"]["targetId"]:
            raise Refused(
                f"The deployment has no target {given['targetId']}",
                "DeploymentTargetDoesNotExistException",
            )
        return {"deploymentTarget": target}

    def _batch_get_targets(self, given: Given) -> Document:
        found = [self._get_target({**given, "targetId": each}) for each in given["targetIds"]]
        return {"deploymentTargets": [one["deploymentTarget"] for one in found]}

    def _list_targets(self, given: Given) -> Document:
        deployment = self._records.deployment(given["deploymentId"])
        return {"targetIds": [of_target(deployment)["lambdaTarget"]["targetId"]]}

    def _put_status(self, given: Given) -> Document:
        deployment = self._records.deployment(given.get("deploymentId"))
        execution = given.get("lifecycleEventHookExecutionId")
        status = given.get("status")
        if status not in _REPORTS:
            raise Refused(
                f"A hook reports Succeeded or Failed, not {status}",
                "InvalidLifecycleEventHookExecutionStatusException",
            )
        for event in deployment.events:
            if event.execution_id == execution:
                if event.status != "InProgress":
                    raise Refused(
                        f"The lifecycle event {event.name} has already completed",
                        "LifecycleEventAlreadyCompletedException",
                    )
                event.status = status
                return {"lifecycleEventHookExecutionId": execution}
        raise Refused(
            f"The deployment {deployment.id} has no such lifecycle event hook execution",
            "InvalidLifecycleEventHookExecutionIdException",
        )

    def _list_tags(self, given: Given) -> Document:
        arn = given["ResourceArn"]
        tagged: list[Application | Group] = [
            *self._records.applications.values(),
            *self._records.groups.values(),
        ]
        for one in tagged:
            if one.arn == arn:
                return {"Tags": one.tags}
        raise Refused(f"There is no resource {arn}", "InvalidArnException")
