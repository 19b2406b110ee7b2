"""What the policies of synthesized templates say, of each role and user."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devtools.permissions.conditions import Condition
from devtools.permissions.errors import PermissionsError
from devtools.permissions.record import Principal

_PRINCIPALS: Final = ("AWS::IAM::Role", "AWS::IAM::User")
#: Policies that name the principals they are attached to.
_ATTACHED: Final = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
_VARIABLE: Final = re.compile(r"\$\{([^}!]+)\}")

#: A stack's references, as JSON, with what they stand for.
Values = Mapping[str, str]


@dataclass(frozen=True)
class Statement:
    """A statement of a policy.

    Attributes:
        principal: Whose policy it is.
        effect: ``Allow`` or ``Deny``.
        actions: As the template has them.
        resources: Likewise: texts, or references.
        conditions: Operator, key and values; these are texts or references, too.
    """

    principal: Principal
    effect: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    conditions: tuple[tuple[str, str, tuple[Any, ...]], ...]

    def conditions_with(self, values: Values) -> tuple[Condition, ...]:
        """Its conditions, with what references stand for."""
        return tuple(
            (operator, key, tuple(resolve(one, values) for one in wanted))
            for operator, key, wanted in self.conditions
        )


@dataclass(frozen=True)
class Policies:
    """What an app's templates grant.

    Attributes:
        statements: Of all principals.
        borrowed: Managed policies that principals have besides, which no template says.
    """

    statements: tuple[Statement, ...]
    borrowed: tuple[tuple[Principal, str], ...]

    @property
    def principals(self) -> frozenset[Principal]:
        """Those who hold anything."""
        return frozenset(one.principal for one in self.statements)


def read_policies(folder: Path) -> Policies:
    """Read the synthesized app in a folder such as ``cdk.out``.

    Raises:
        PermissionsError: There are no stacks, or a policy says what is not understood here.
    """
    statements: list[Statement] = []
    borrowed: list[tuple[Principal, str]] = []
    try:
        templates = list(_templates(folder))
        for stack, template in templates:
            for logical_id, resource in template.get("Resources", {}).items():
                for principals, documents, managed in _policies_of(stack, logical_id, resource):
                    for principal in principals:
                        borrowed += [(principal, spell(arn)) for arn in managed]
                        for document in documents:
                            statements += _statements(principal, document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, PermissionsError):
            raise
        raise PermissionsError(
            f"{folder}: no synthesized app that can be read: {error!r}"
        ) from error
    if not templates:
        raise PermissionsError(f"{folder}: there is no synthesized app; run `make synth` first")
    return Policies(tuple(statements), tuple(borrowed))


def resolve(value: Any, values: Values) -> str:
    """A text of a template, with what its references stand for; an unknown one as it is spelled."""
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, [*parts]]}:
            return str(separator).join(resolve(part, values) for part in parts)
        case {"Fn::Sub": str() as text}:
            return _VARIABLE.sub(lambda found: resolve(_variable(found[1]), values), text)
        case dict() if len(value) == 1:
            return values.get(json.dumps(value, sort_keys=True), spell(value))
    raise PermissionsError(f"a policy has {value!r}, which is not understood here")


def spell(value: Any) -> str:
    """A text of a template for people: ``<Table.Arn>`` for an attribute, ``<Table>`` for a name."""
    match value:
        case {"Fn::Join": _} | {"Fn::Sub": _} | str():
            return resolve(value, {})
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"<{logical_id}.{attribute}>"
        case {"Ref": name} | {"Fn::ImportValue": name}:
            return f"<{name}>"
    raise PermissionsError(f"a policy has {value!r}, which is not understood here")


def _variable(name: str) -> dict[str, Any]:
    resource, dot, attribute = name.partition(".")
    return {"Fn::GetAtt": [resource, attribute]} if dot else {"Ref": name}


def _templates(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The stacks' names and templates."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            properties = artifact["properties"]
            template = json.loads((folder / properties["templateFile"]).read_text(encoding="utf-8"))
            yield properties.get("stackName", name), template


def _policies_of(
    stack: str, logical_id: str, resource: Mapping[str, Any]
) -> Iterator[tuple[list[Principal], list[Any], list[Any]]]:
    """Principals, the documents of their policies, and the managed policies they borrow."""
    properties = resource.get("Properties", {})
    if resource["Type"] in _PRINCIPALS:
        documents = [one["PolicyDocument"] for one in properties.get("Policies", ())]
        borrowed = properties.get("ManagedPolicyArns", [])
        yield [Principal(stack, logical_id)], documents, borrowed
    elif resource["Type"] in _ATTACHED:
        attached = [*properties.get("Roles", ()), *properties.get("Users", ())]
        if properties.get("Groups"):
            raise PermissionsError(f"{stack}/{logical_id}: policies of groups are not read here")
        for one in attached:
            if not isinstance(one, dict) or "Ref" not in one:
                raise PermissionsError(
                    f"{stack}/{logical_id}: is attached to {one!r}; refer to the role instead"
                )
        yield [Principal(stack, one["Ref"]) for one in attached], [properties["PolicyDocument"]], []


def _statements(principal: Principal, document: Mapping[str, Any]) -> Iterator[Statement]:
    for statement in _listed(document["Statement"]):
        for unread in ("NotAction", "NotResource"):
            if unread in statement:
                raise PermissionsError(f"{principal}: {unread} grants what nobody can list")
        yield Statement(
            principal=principal,
            effect=statement["Effect"],
            actions=tuple(_listed(statement["Action"])),
            resources=tuple(_listed(statement["Resource"])),
            conditions=tuple(
                (operator, key, tuple(_listed(wanted)))
                for operator, keys in statement.get("Condition", {}).items()
                for key, wanted in keys.items()
            ),
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
