"""Application inference profiles in a template, made by Bedrock's own API.

What a profile is made from, its name and its description cannot change: AWS replaces it, and the
name is taken meanwhile. Sources: the resource type's schema and reference page.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services.cloudformation import provisioners

Clients = Callable[[str], Any]
Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]

TYPE: Final = "AWS::Bedrock::ApplicationInferenceProfile"


def install(clients: Clients) -> None:
    """Add the type to MiniStack's."""

    def create(_logical_id: str, properties: Properties, _stack: str) -> Created:
        made = clients("bedrock").create_inference_profile(
            inferenceProfileName=properties["InferenceProfileName"],
            modelSource={"copyFrom": properties["ModelSource"]["CopyFrom"]},
            tags=[
                {"key": one["Key"], "value": one["Value"]} for one in properties.get("Tags") or ()
            ],
        )
        return _described(clients, made["inferenceProfileArn"])

    def update(physical_id: str, before: Properties, after: Properties, _stack: str) -> Created:
        changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        if changed:
            raise ValueError(f"{TYPE}: {', '.join(changed)} cannot be changed here")
        return _described(clients, physical_id)

    def delete(physical_id: str, _properties: Properties) -> None:
        clients("bedrock").delete_inference_profile(inferenceProfileIdentifier=physical_id)

    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": create, "update": update, "delete": delete}


def _described(clients: Clients, arn: str) -> Created:
    told = clients("bedrock").get_inference_profile(inferenceProfileIdentifier=arn)
    return arn, {
        "InferenceProfileArn": arn,
        "InferenceProfileId": told["inferenceProfileId"],
        "InferenceProfileIdentifier": arn,
        "Status": told["status"],
        "Type": told["type"],
    }
