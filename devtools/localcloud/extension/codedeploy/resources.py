"""``AWS::CodeDeploy::Application``, ``DeploymentConfig`` and ``DeploymentGroup`` in CloudFormation.

What a reference gives and which changes replace are from the resources' registry schemas.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension.codedeploy.api import Api
from devtools.localcloud.extension.codedeploy.permissions import trusts_codedeploy
from devtools.localcloud.extension.codedeploy.refusal import Refused

APPLICATION: Final = "AWS::CodeDeploy::Application"
CONFIG: Final = "AWS::CodeDeploy::DeploymentConfig"
GROUP: Final = "AWS::CodeDeploy::DeploymentGroup"
_MAX_NAME: Final = 100

Properties = Mapping[str, Any]
Created = tuple[str, Mapping[str, Any]]


class Resources:
    """The handlers of the three types."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def install(self) -> None:
        """Put them into MiniStack's table."""
        table: dict[str, tuple[Callable[..., Any], ...]] = {
            APPLICATION: (
                self._create_application,
                self._update_application,
                self._delete_application,
            ),
            CONFIG: (self._create_config, self._update_config, self._delete_config),
            GROUP: (self._create_group, self._update_group, self._delete_group),
        }
        for resource_type, handlers in table.items():
            named = {
                name: _named(resource_type, handler)
                for name, handler in zip(("create", "update", "delete"), handlers, strict=True)
            }
            # MiniStack hands a change's logical id only to who says so.
            provisioners._RESOURCE_HANDLERS[resource_type] = {
                **named,
                "update_with_logical_id": True,
            }

    # -- applications -----------------------------------------------------------------------

    def _create_application(self, logical_id: str, properties: Properties, stack: str) -> Created:
        name = _name(properties.get("ApplicationName"), logical_id, stack)
        request = {**_request(properties), "applicationName": name}
        self._do("CreateApplication", self._api.create_application, request)
        return name, {}

    def _update_application(
        self, physical_id: str, before: Properties, after: Properties, stack: str, logical_id: str
    ) -> Created:
        if _changed(before, after, "ApplicationName", "ComputePlatform"):
            return self._create_application(logical_id, after, stack)
        self._api.retag_application(physical_id, _tags(after))
        return physical_id, {}

    def _delete_application(self, physical_id: str, _properties: Properties) -> None:
        self._api.delete_application({"applicationName": physical_id})

    # -- configurations ---------------------------------------------------------------------

    def _create_config(self, logical_id: str, properties: Properties, stack: str) -> Created:
        name = _name(properties.get("DeploymentConfigName"), logical_id, stack)
        request = {**_request(properties), "deploymentConfigName": name}
        self._do("CreateDeploymentConfig", self._api.create_config, request)
        return name, {}

    def _update_config(
        self, _physical_id: str, _before: Properties, after: Properties, stack: str, logical_id: str
    ) -> Created:
        # Every property of it replaces; under a name of its own that is refused, as on AWS.
        return self._create_config(logical_id, after, stack)

    def _delete_config(self, physical_id: str, _properties: Properties) -> None:
        self._api.delete_config({"deploymentConfigName": physical_id})

    # -- groups -----------------------------------------------------------------------------

    def _create_group(self, logical_id: str, properties: Properties, stack: str) -> Created:
        _check_role(properties)
        name = _name(properties.get("DeploymentGroupName"), logical_id, stack)
        request = {**_request(properties), "deploymentGroupName": name}
        self._do("CreateDeploymentGroup", self._api.create_group, request)
        return name, {}

    def _update_group(
        self, physical_id: str, before: Properties, after: Properties, stack: str, logical_id: str
    ) -> Created:
        if _changed(before, after, "ApplicationName", "DeploymentGroupName"):
            made = self._create_group(logical_id, after, stack)
            if made[0] == physical_id:
                # Of another application: to MiniStack it would be the same one.
                pending = provisioners._DEFERRED_PREDECESSOR_DELETES.get()
                pending.append((self._delete_group, (physical_id, before), {}))
            return made
        _check_role(after)
        request = _request({key: value for key, value in after.items() if key != "Tags"})
        request.pop("deploymentGroupName", None)
        # A property that the template no longer has is not kept.
        cleared = {
            name: {"enabled": False}
            for name in ("alarmConfiguration", "autoRollbackConfiguration")
            if name not in request
        }
        request = {**cleared, **request, "currentDeploymentGroupName": physical_id}
        self._do("UpdateDeploymentGroup", self._api.update_group, request)
        self._api.retag_group(after["ApplicationName"], physical_id, _tags(after))
        return physical_id, {}

    def _delete_group(self, physical_id: str, properties: Properties) -> None:
        self._api.delete_group(
            {
                "applicationName": properties["ApplicationName"],
                "deploymentGroupName": physical_id,
            }
        )

    def _do(
        self, operation: str, call: Callable[[Properties], object], request: Properties
    ) -> None:
        self._api.check(operation, request)
        call(request)


def _named(resource_type: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose refusals fail the resource, with its type before them."""

    def handle(*arguments: Any) -> Any:
        try:
            return handler(*arguments)
        except Refused as refused:
            raise ValueError(
                f"{resource_type}: {refused} (Service: CodeDeploy, Status Code: 400, "
                f"{refused.code})"
            ) from None

    return handle


def _check_role(properties: Properties) -> None:
    role = properties.get("ServiceRoleArn", "")
    if not trusts_codedeploy(role):
        raise Refused(
            f"AWS CodeDeploy does not have the permissions required to assume the role {role}.",
            "InvalidRoleException",
        )


def _name(given: str | None, logical_id: str, stack: str) -> str:
    if given:
        return given
    name: str = provisioners._physical_name(stack, logical_id, max_len=_MAX_NAME)
    return name


def _changed(before: Properties, after: Properties, *names: str) -> bool:
    return any(before.get(name) != after.get(name) for name in names)


def _tags(properties: Properties) -> list[dict[str, str]]:
    return list(properties.get("Tags") or [])


def _request(value: Any) -> Any:
    """Properties as the API's members: the same names, but for the first letter."""
    if isinstance(value, Mapping):
        return {_lower(key): _member(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_request(each) for each in value]
    return value


def _member(name: str, value: Any) -> Any:
    if name == "Tags":
        return value  # whose members have the same names in both
    if name.endswith(("Percentage", "Interval")) and str(value).isdigit():
        return int(value)
    if value in ("true", "false"):
        return value == "true"
    return _request(value)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
