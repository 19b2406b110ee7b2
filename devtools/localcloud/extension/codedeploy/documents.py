"""Groups and deployments as the API tells them."""

from typing import Any

from devtools.localcloud.extension.codedeploy.records import (
    PLATFORM,
    STYLE,
    Deployment,
    Group,
    Records,
)
from devtools.localcloud.running import ACCOUNT_ID, REGION

Document = dict[str, Any]


def of_group(group: Group, records: Records) -> Document:
    """All there is to say of a group."""
    told: Document = {
        "applicationName": group.application,
        "deploymentGroupId": group.id,
        "deploymentGroupName": group.name,
        "deploymentConfigName": group.config,
        "computePlatform": PLATFORM,
        **group.settings,
        "deploymentStyle": STYLE,
    }
    deployments = records.of_group(group)
    succeeded = [one for one in deployments if one.status == "Succeeded"]
    for name, found in (
        ("lastAttemptedDeployment", deployments),
        ("lastSuccessfulDeployment", succeeded),
    ):
        if found:
            told[name] = _brief(found[0])
    if succeeded:
        told["targetRevision"] = succeeded[0].spec.revision()
    return told


def _brief(deployment: Deployment) -> Document:
    times = {"createTime": deployment.made, "endTime": deployment.ended}
    return {
        "deploymentId": deployment.id,
        "status": deployment.status,
        **{name: value for name, value in times.items() if value is not None},
    }


def of_deployment(deployment: Deployment) -> Document:
    """All there is to say of a deployment."""
    optional = {
        "startTime": deployment.started,
        "completeTime": deployment.ended,
        "errorInformation": deployment.error,
        "rollbackInfo": deployment.rollback_info,
        "autoRollbackConfiguration": deployment.rollback,
        "overrideAlarmConfiguration": deployment.alarms,
        "description": deployment.description,
    }
    done = deployment.status == "Succeeded"
    counts = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")
    where = "Succeeded" if done else "InProgress" if deployment.active else "Failed"
    return {
        "applicationName": deployment.group.application,
        "deploymentGroupName": deployment.group.name,
        "deploymentConfigName": deployment.config,
        "deploymentId": deployment.id,
        "revision": deployment.spec.revision(),
        "status": deployment.status,
        "createTime": deployment.made,
        "creator": deployment.creator,
        "computePlatform": PLATFORM,
        "deploymentStyle": STYLE,
        "deploymentOverview": {count: int(count == where) for count in counts},
        **{name: value for name, value in optional.items() if value},
    }


def of_target(deployment: Deployment) -> Document:
    """The function that a deployment is of, and how far it is."""
    spec = deployment.spec
    statuses = {"Succeeded": "Succeeded", "Created": "Pending", "InProgress": "InProgress"}
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{spec.function}"
    return {
        "deploymentTargetType": "LambdaFunction",
        "lambdaTarget": {
            "deploymentId": deployment.id,
            "targetId": f"{spec.function}:{spec.alias}",
            "targetArn": f"{arn}:{spec.alias}",
            "status": statuses.get(deployment.status, "Failed"),
            "lastUpdatedAt": deployment.ended or deployment.started or deployment.made,
            "lifecycleEvents": [event.document() for event in deployment.events],
            "lambdaFunctionInfo": {
                "functionName": spec.function,
                "functionAlias": spec.alias,
                "currentVersion": spec.current,
                "targetVersion": spec.target,
                "targetVersionWeight": deployment.weight / 100,
            },
        },
    }
