"""Secrets in a template: without a value, and so empty until somebody puts one in.

MiniStack gives each a first version with an empty text, and brings none into a stack that was
there before.
"""

from collections.abc import Mapping
from typing import Any, Final

from ministack.services import secretsmanager
from ministack.services.cloudformation import changesets, provisioners

Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]

_TYPE: Final = "AWS::SecretsManager::Secret"


def install() -> None:
    """Put these around MiniStack's handlers."""
    handler = provisioners._RESOURCE_HANDLERS[_TYPE]
    make, change = handler["create"], handler["update"]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
        made: Created = make(logical_id, properties, stack_name)
        secretsmanager._secrets[made[0]]["Versions"].clear()
        return made

    def update(physical_id: str, before: Properties, after: Properties, *rest: Any) -> Created:
        made: Created = change(physical_id, before, after, *rest)
        if made[0] != physical_id:
            secretsmanager._secrets[made[0]]["Versions"].clear()
        return made

    handler["create"], handler["update"], handler["import"] = create, update, _bring_in
    # What identifies it is in the resource's registry schema.
    changesets._IMPORT_LOOKUPS[_TYPE] = (("Id",), _problem)


def _named(arn: str) -> str | None:
    """The name of the secret with this ARN."""
    return next((name for name, one in secretsmanager._secrets.items() if one["ARN"] == arn), None)


def _bring_in(identifier: Properties) -> Created:
    arn = identifier["Id"]
    name = _named(arn)
    if name is None:
        raise ValueError(f"{_TYPE}: Secrets Manager can't find the specified secret.")
    return name, {"Id": arn, "Arn": arn}


def _problem(arn: str) -> str | None:
    if _named(arn) is None:
        said: str = changesets._IMPORT_NOT_FOUND.format(type=_TYPE, value=arn)
        return said
    return None
