"""Which resources an import change set can bring into a stack."""

from collections.abc import Callable
from typing import Any

from ministack.services import kms
from ministack.services.cloudformation import changesets, helpers, provisioners


def install() -> None:
    """Do not bring in a key that is on its way out: CloudFormation takes it for gone."""
    keys, problem = changesets._IMPORT_LOOKUPS["AWS::KMS::Key"]
    known: Callable[[str], str | None] = problem

    def problem_of_key(key_id: str) -> str | None:
        key = kms._keys.get(key_id)
        if key is not None and key["KeyState"] == "PendingDeletion":
            return f"Key '{key['Arn']}' does not exist: it is pending deletion"
        return known(key_id)

    changesets._IMPORT_LOOKUPS["AWS::KMS::Key"] = (keys, problem_of_key)


def refusal(parameters: Any) -> Any:
    """An error for types that are not imported here, or None.

    AWS imports more types than this; it says the same of those that it does not import.
    """
    asked = {each["ResourceType"] for each in changesets._extract_resources_to_import(parameters)}
    types = sorted(
        one for one in asked if "import" not in provisioners._RESOURCE_HANDLERS.get(one, {})
    )
    if not types:
        return None
    return helpers._error(
        "ValidationError", f"ResourceTypes [{', '.join(types)}] are not supported for Import"
    )
