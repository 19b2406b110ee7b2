"""``AWS::BedrockAgentCore::Runtime`` and ``::RuntimeEndpoint`` in CloudFormation.

What a reference gives, which attributes there are and which changes replace are from the resources'
registry schemas (``primaryIdentifier``, ``readOnlyProperties``, ``createOnlyProperties``).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension.agentcore import operations
from devtools.localcloud.extension.agentcore.control import Control, described
from devtools.localcloud.extension.agentcore.refusal import Refused

RUNTIME: Final = "AWS::BedrockAgentCore::Runtime"
ENDPOINT: Final = "AWS::BedrockAgentCore::RuntimeEndpoint"

Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]

#: Members whose names are no property's: what is below them is the template's own.
_FREE: Final = ("environmentVariables", "tags")


class Resources:
    """The handlers of both types."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def install(self) -> None:
        """Put them into MiniStack's table."""
        handlers = provisioners._RESOURCE_HANDLERS
        handlers[RUNTIME] = {
            "create": _named(RUNTIME, self._create),
            "update": _named(RUNTIME, self._update),
            "delete": _named(RUNTIME, self._delete),
        }
        handlers[ENDPOINT] = {
            "create": _named(ENDPOINT, self._create_endpoint),
            "update": _named(ENDPOINT, self._update_endpoint),
            "delete": _named(ENDPOINT, self._delete_endpoint),
        }

    def _create(self, _logical_id: str, properties: Properties, _stack: str) -> Created:
        given = _checked("PUT", "/runtimes/", {}, _request(properties))
        return self._runtime(self._control.create(given).id)

    def _update(self, physical_id: str, before: Properties, after: Properties, *rest: Any) -> Any:
        if after["AgentRuntimeName"] != before["AgentRuntimeName"]:
            return self._create("", after, "")  # the old one goes when all else is done
        request = _request(after)
        tags = request.pop("tags", {})
        runtime = self._control.runtimes.find(physical_id)
        if _without_tags(before) != _without_tags(after):
            del request["agentRuntimeName"]
            given = _checked("PUT", f"/runtimes/{physical_id}/", {}, request)
            self._control.update(given)
        runtime.tags = dict(tags)
        return self._runtime(physical_id)

    def _delete(self, physical_id: str, _properties: Properties) -> None:
        if self._has(lambda: self._control.runtimes.find(physical_id)):
            self._control.delete(physical_id)

    def _runtime(self, runtime_id: str) -> Created:
        runtime = self._control.runtimes.find(runtime_id)
        said = described(runtime, runtime.newest)
        identity = said["workloadIdentityDetails"]["workloadIdentityArn"]
        return runtime.id, {
            "AgentRuntimeArn": runtime.arn,
            "AgentRuntimeId": runtime.id,
            "AgentRuntimeVersion": said["agentRuntimeVersion"],
            "Status": said["status"],
            "CreatedAt": said["createdAt"],
            "LastUpdatedAt": said["lastUpdatedAt"],
            "WorkloadIdentityDetails.WorkloadIdentityArn": identity,
            "WorkloadIdentityDetails": {"WorkloadIdentityArn": identity},
        }

    def _create_endpoint(self, _logical_id: str, properties: Properties, _stack: str) -> Created:
        runtime_id = properties["AgentRuntimeId"]
        request = {key: value for key, value in properties.items() if key != "AgentRuntimeId"}
        path = f"/runtimes/{runtime_id}/runtime-endpoints/"
        given = _checked("PUT", path, {}, _request(request))
        answer = self._control.answer("CreateAgentRuntimeEndpoint", given)
        return self._endpoint(runtime_id, answer["endpointName"])

    def _update_endpoint(
        self, physical_id: str, before: Properties, after: Properties, *rest: Any
    ) -> Any:
        if any(after[name] != before[name] for name in ("AgentRuntimeId", "Name")):
            return self._create_endpoint("", after, "")
        runtime_id, name = after["AgentRuntimeId"], after["Name"]
        request = _request(
            {key: after[key] for key in ("AgentRuntimeVersion", "Description") if key in after}
        )
        path = f"/runtimes/{runtime_id}/runtime-endpoints/{name}/"
        given = _checked("PUT", path, {}, request)
        self._control.answer("UpdateAgentRuntimeEndpoint", given)
        self._control.runtimes.find(runtime_id).endpoint(name).tags = dict(after.get("Tags") or {})
        return self._endpoint(runtime_id, name)

    def _delete_endpoint(self, physical_id: str, properties: Properties) -> None:
        if self._has(lambda: self._control.runtimes.by_arn(physical_id)):
            runtime_id, _, name = physical_id.rpartition("/runtime-endpoint/")
            self._control.delete_endpoint(runtime_id.rpartition("/")[2], name)

    def _endpoint(self, runtime_id: str, name: str) -> Created:
        where = {"agentRuntimeId": runtime_id, "endpointName": name}
        said = self._control.answer("GetAgentRuntimeEndpoint", where)
        return said["agentRuntimeEndpointArn"], {
            "AgentRuntimeArn": said["agentRuntimeArn"],
            "AgentRuntimeEndpointArn": said["agentRuntimeEndpointArn"],
            "CreatedAt": said["createdAt"],
            "Id": said["id"],
            "LastUpdatedAt": said["lastUpdatedAt"],
            "LiveVersion": said["liveVersion"],
            "Status": said["status"],
            "TargetVersion": said["targetVersion"],
        }

    @staticmethod
    def _has(find: Callable[[], object]) -> bool:
        try:
            find()
        except Refused:
            return False
        return True


def _named(resource_type: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose refusals fail the resource, with its type before them."""

    def handle(*arguments: Any) -> Any:
        try:
            return handler(*arguments)
        except Refused as refused:
            raise ValueError(
                f"{resource_type}: {refused} (Service: BedrockAgentCoreControl, "
                f"Status Code: {refused.status}, {refused.code})"
            ) from None

    return handle


def _checked(method: str, path: str, query: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    found = operations.find(method, path)
    assert found is not None  # noqa: S101  for the type checker; these are served
    operation, in_path = found
    given = {**in_path, **request}
    operations.check(operation.shape, given)
    return given


def _request(properties: Properties) -> dict[str, Any]:
    """Properties as the API's members: the same names, but for the first letter."""
    request = {_lower(name): _member(name, value) for name, value in properties.items()}
    protocol = request.get("protocolConfiguration")
    if isinstance(protocol, str):
        request["protocolConfiguration"] = {"serverProtocol": protocol}
    return request


def _member(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        if _lower(name) in _FREE:
            return {key: str(each) for key, each in value.items()}
        return {_lower(key): _member(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_member(name, each) for each in value]
    # A template's numbers may be written as text.
    if name in ("IdleRuntimeSessionTimeout", "MaxLifetime") and str(value).isdigit():
        return int(value)
    return value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _without_tags(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "Tags"}
