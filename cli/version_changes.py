"""Changes to what is published of a function: `live` at another version, and fewer versions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import boto3

from cli.api.aws import aws_failures
from cli.errors import CommandError
from cli.versions import Function, Version
from stacks.names import deployment_application
from tradewind.contracts.names import DURABLE, LIVE_ALIAS

#: What CodeDeploy calls a deployment that has not ended.
_UNDER_WAY: Final = ("Created", "Queued", "InProgress", "Baking", "Ready")


@dataclass(frozen=True)
class Change:
    """What was done with a function.

    Attributes:
        function: Its name.
        before: The version that was live.
        after: The version that is.
        stopped: The deployment that was stopped for it; CloudFormation takes the stack back.
    """

    function: str
    before: int
    after: int
    stopped: str | None = None


class VersionChanges:
    """Changes the versions of an environment's functions.

    Args:
        environment: Its name.
        region: Where it is.
    """

    def __init__(self, environment: str, region: str) -> None:
        self._environment = environment
        self._region = region
        self._lambda = self._client("lambda")

    def target(self, function: Function, to: int | None = None) -> Version:
        """The version to go back to: the one before the live one, or ``to``.

        Raises:
            CommandError: There is no such version, or it could not call its model.
        """
        found = function.before if to is None else function.version(to)
        if found is None:
            wanted = f"version {to}" if to is not None else f"version before {function.live}"
            raise CommandError(
                f"{function.name} has no {wanted}; those there are: {function.listed}. "
                "Deploy the commit that you want back."
            )
        self._require_model(function, found)
        return found

    def move(self, function: Function, target: Version) -> Change:
        """Point `live` at a version.

        Raises:
            CommandError: Somebody else has moved it meanwhile, or Lambda does not move it.
        """
        if target.number != function.live:
            with aws_failures(f"`live` of {function.name} could not be moved"):
                self._lambda.update_alias(
                    FunctionName=function.physical,
                    Name=LIVE_ALIAS,
                    FunctionVersion=str(target.number),
                    RevisionId=function.revision,
                )
        return Change(function.name, function.live, target.number)

    def stop(self, function: Function) -> Change:
        """Stop the deployment that shifts a function's requests now; it takes them back itself.

        Raises:
            CommandError: There is none, or CodeDeploy does not stop it.
        """
        client = self._client("codedeploy")
        application = deployment_application(self._environment)
        with aws_failures(f"The deployment of {function.name} cannot be stopped"):
            found = client.list_deployments(
                applicationName=application,
                deploymentGroupName=function.name,
                includeOnlyStatuses=list(_UNDER_WAY),
            )["deployments"]
            for deployment in found:
                client.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
        if not found:
            raise CommandError(
                f"`live` of {function.name} is shared by {function.live} and "
                f"{', '.join(function.shares)}, and no deployment is under way. Say which it is to "
                "be with `aws lambda update-alias`, and give no routing configuration."
            )
        return Change(function.name, function.live, function.live, stopped=found[0])

    def prune(self, function: Function, keep: int) -> list[int]:
        """Delete the oldest versions, so that ``keep`` stay and what an alias names.

        Those of the durable function all stay: a run ends on the version it began on.

        Returns:
            The versions that are gone.

        Raises:
            CommandError: Lambda does not delete one.
        """
        if function.name == DURABLE:
            return []
        needed = {*function.named, function.deployed}
        gone = [one.number for one in function.versions[keep:] if one.number not in needed]
        with aws_failures(f"Versions of {function.name} cannot be deleted"):
            for number in gone:
                self._lambda.delete_function(FunctionName=function.physical, Qualifier=str(number))
        return gone

    def _require_model(self, function: Function, target: Version) -> None:
        """Refuse a version whose calls of its model would all be denied."""
        if target.model is None:
            return
        _, partition, _, _, account, role = target.role.split(":", 5)
        bedrock = f"arn:{partition}:bedrock:{target.region}"
        called = (
            target.model,
            f"{bedrock}:{account}:inference-profile/{target.model}",
            f"{bedrock}::foundation-model/{target.model}",
        )
        with aws_failures(f"What {function.name} may call cannot be looked up"):
            allowed = list(self._allowed(role.rpartition("/")[2]))
        if not any(fnmatchcase(arn, one) for one in allowed for arn in called):
            raise CommandError(
                f"Version {target.number} of {function.name} calls {target.model}, and its role "
                "may not any more. Name that model in the settings' model.former_models and "
                "deploy, or deploy the commit that you want back."
            )

    def _allowed(self, role: str) -> Iterator[str]:
        """On what a role's own policies let it call models."""
        iam = self._client("iam")
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
            for name in page["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                if isinstance(document, str):
                    document = json.loads(document)
                for statement in _listed(document["Statement"]):
                    actions = _listed(statement.get("Action", ()))
                    if statement["Effect"] == "Allow" and any(
                        fnmatchcase("bedrock:InvokeModelWithResponseStream", one) for one in actions
                    ):
                        yield from _listed(statement["Resource"])

    def _client(self, service: str) -> Any:
        with aws_failures("AWS cannot be called"):
            return boto3.client(service, region_name=self._region)  # type: ignore[call-overload]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
