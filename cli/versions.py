"""The published versions of an environment's functions, and which one is live.

A function is found by what CloudFormation made for it: its alias `live`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from cli.api.aws import aws_failures
from cli.errors import CommandError
from stacks.names import StackId, resource_prefix, stack_name
from tradewind.contracts.names import LIVE_ALIAS, EnvVar, OptionalEnvVar

_ALIAS: Final = "AWS::Lambda::Alias"
_VERSION: Final = "AWS::Lambda::Version"
#: A stack's update that is not over.
_IN_PROGRESS: Final = "_IN_PROGRESS"


@dataclass(frozen=True)
class Version:
    """A published version.

    Attributes:
        number: Lambda's.
        made: When its code or configuration was deployed.
        model: What its process calls; None for a function that calls none.
        region: Where it calls that.
        role: The ARN of its role.
    """

    number: int
    made: datetime
    model: str | None
    region: str
    role: str


@dataclass(frozen=True)
class Function:
    """A function that has the alias `live`.

    Attributes:
        name: Its agent's name, or that of another function.
        physical: Lambda's.
        live: The version that callers get.
        shares: Versions that get some of the requests meanwhile, while a deployment shifts them.
        named: Versions that an alias names, so that Lambda deletes none of them.
        deployed: The version that the stack has made last.
        stack: That stack.
        revision: The alias's, so that nobody's change is overwritten.
        versions: Those there are, the newest first.
    """

    name: str
    physical: str
    live: int
    shares: Mapping[str, float]
    named: frozenset[int]
    deployed: int
    stack: str
    revision: str
    versions: tuple[Version, ...]

    def version(self, number: int) -> Version | None:
        """The version of that number; None when it is not there."""
        return next((one for one in self.versions if one.number == number), None)

    @property
    def before(self) -> Version | None:
        """The version before the live one; None where there is none."""
        return next((one for one in self.versions if one.number < self.live), None)

    @property
    def listed(self) -> str:
        """The versions for a sentence."""
        return ", ".join(str(one.number) for one in self.versions) or "none"


@dataclass(frozen=True)
class Moved:
    """A function whose `live` was moved by somebody else than its stack.

    Attributes:
        function: Its name.
        live: The version it is at.
        put: The version that the stack has put it at.
    """

    function: str
    live: int
    put: int


@dataclass(frozen=True)
class _Resource:
    """A resource of a stack."""

    logical: str
    physical: str
    kind: str

    @property
    def is_live(self) -> bool:
        return self.kind == _ALIAS and self.physical.endswith(f":{LIVE_ALIAS}")

    @property
    def function(self) -> str:
        """Of a version or an alias, whose ARN its physical id is."""
        return self.physical.split(":")[-2]


class Versions:
    """The versions of an environment's functions.

    Args:
        environment: Its name.
        region: Where it is.
    """

    def __init__(self, environment: str, region: str) -> None:
        self._environment = environment
        self._region = region
        self._lambda = self._client("lambda")
        self._stacks = self._client("cloudformation")

    def all(self, names: Collection[str] = ()) -> list[Function]:
        """The functions that have the alias `live`; of them those with these names, if any.

        Raises:
            CommandError: There is none, there is none such, or AWS does not tell.
        """
        prefix = resource_prefix(self._environment)
        found: dict[str, Function] = {}
        known = []
        for stack in StackId:
            resources = self._resources(stack_name(self._environment, stack))
            made = {
                one.function: int(one.physical.rpartition(":")[2])
                for one in resources
                if one.kind == _VERSION and ":" in one.physical
            }
            for one in resources:
                if not one.is_live:
                    continue
                name = one.function.removeprefix(prefix)
                known.append(name)
                if not names or name in names:
                    deployed = made.get(one.function, 0)
                    found[name] = self._function(name, one.function, deployed, stack)
        for name in names:
            if name not in found:
                raise CommandError(
                    f"{self._environment} has no function {name} with versions; those it has: "
                    f"{', '.join(known) or 'none'}."
                )
        if not found:
            raise CommandError(f"Nothing of {self._environment} is deployed in {self._region}.")
        return list(found.values())

    def of_last_deployment(self, functions: Sequence[Function]) -> list[Function]:
        """Those whose live version is one that their stack's last update has brought."""
        updated = {stack: self._updated(stack) for stack in {one.stack for one in functions}}
        return [
            one
            for one in functions
            if one.live == one.deployed
            and (begun := updated[one.stack]) is not None
            and (version := one.version(one.live)) is not None
            and version.made >= begun
        ]

    def moved(self) -> list[Moved]:
        """The functions whose `live` is not where their stack has put it.

        CodeDeploy moves an alias from the version that CloudFormation knows, and from no other:
        "The Lambda function alias version does not match the current version in AppSpec file".

        Raises:
            CommandError: AWS does not tell.
        """
        found = []
        for stack in StackId:
            resources = self._resources(stack_name(self._environment, stack))
            if not resources:
                continue
            with aws_failures(f"The stack {stack} cannot be looked up"):
                template = self._stacks.get_template(
                    StackName=stack_name(self._environment, stack), TemplateStage="Processed"
                )["TemplateBody"]
            physical = {one.logical: one.physical for one in resources}
            for one in resources:
                if not one.is_live:
                    continue
                put = template["Resources"][one.logical]["Properties"]["FunctionVersion"]
                if isinstance(put, dict):
                    put = physical[put["Fn::GetAtt"][0]].rpartition(":")[2]
                with aws_failures(f"`live` of {one.function} cannot be looked up"):
                    live = self._lambda.get_alias(FunctionName=one.function, Name=LIVE_ALIAS)
                if live["FunctionVersion"] != str(put):
                    name = one.function.removeprefix(resource_prefix(self._environment))
                    found.append(Moved(name, int(live["FunctionVersion"]), int(put)))
        return found

    def _function(self, name: str, physical: str, deployed: int, stack: StackId) -> Function:
        with aws_failures(f"The versions of {name} cannot be looked up"):
            aliases = [
                alias
                for page in self._lambda.get_paginator("list_aliases").paginate(
                    FunctionName=physical
                )
                for alias in page["Aliases"]
            ]
            versions = [
                _version(one)
                for page in self._lambda.get_paginator("list_versions_by_function").paginate(
                    FunctionName=physical
                )
                for one in page["Versions"]
                if one["Version"] != "$LATEST"
            ]
        [live] = [alias for alias in aliases if alias["Name"] == LIVE_ALIAS]
        return Function(
            name=name,
            physical=physical,
            live=int(live["FunctionVersion"]),
            shares=_shares(live),
            named=frozenset(
                int(number)
                for alias in aliases
                for number in (alias["FunctionVersion"], *_shares(alias))
                if number.isdecimal()
            ),
            deployed=deployed,
            stack=stack_name(self._environment, stack),
            revision=live["RevisionId"],
            versions=tuple(sorted(versions, key=lambda one: -one.number)),
        )

    def _resources(self, stack: str) -> list[_Resource]:
        """A stack's resources; none where it is not deployed."""
        with aws_failures(f"The stack {stack} cannot be looked up"):
            try:
                pages = self._stacks.get_paginator("list_stack_resources").paginate(StackName=stack)
                return [
                    _Resource(
                        one["LogicalResourceId"],
                        one.get("PhysicalResourceId", ""),
                        one["ResourceType"],
                    )
                    for page in pages
                    for one in page["StackResourceSummaries"]
                ]
            except ClientError as error:
                if "does not exist" in str(error):
                    return []
                raise

    def _updated(self, stack: str) -> datetime | None:
        """When its last update began; None where it was only created."""
        with aws_failures(f"The stack {stack} cannot be looked up"):
            [found] = self._stacks.describe_stacks(StackName=stack)["Stacks"]
        if found["StackStatus"].endswith(_IN_PROGRESS):
            raise CommandError(
                f"{stack} is being deployed ({found['StackStatus']}). Name the agent that is to go "
                "back: `tradewind rollback AGENT`."
            )
        updated: datetime | None = found.get("LastUpdatedTime")
        return updated

    def _client(self, service: str) -> Any:
        with aws_failures("AWS cannot be called"):
            return boto3.client(service, region_name=self._region)  # type: ignore[call-overload]


def _shares(alias: Mapping[str, Any]) -> dict[str, float]:
    return dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})


def _version(found: Mapping[str, Any]) -> Version:
    variables = found.get("Environment", {}).get("Variables", {})
    # A function that asks a runtime has the variable, and calls no model itself.
    calls = EnvVar.AGENT in variables and OptionalEnvVar.RUNTIME not in variables
    return Version(
        number=int(found["Version"]),
        made=datetime.fromisoformat(found["LastModified"]),
        model=variables[EnvVar.MODEL_ID] if calls else None,
        region=variables.get(EnvVar.MODEL_REGION, ""),
        role=found["Role"],
    )
