"""Secrets in a template: without a value, and so empty until somebody puts one in.

MiniStack gives each a first version with an empty text.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]


def install() -> None:
    """Put these around MiniStack's handlers."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
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

    handler["create"], handler["update"] = create, update
