"""Token buckets: by the stage's settings for a method, and by usage plan and API key.

A stage's limit for all methods is a bucket for each of them. MiniStack has the buckets; it does not
find the settings of a method as CloudFormation writes its path, and applies a usage plan to methods
that ask for no key.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway_v1

_EVERY_METHOD = "*/*"


def install() -> None:
    """Make MiniStack throttle so."""
    apigateway_v1._method_throttle_settings = _settings_of
    check = apigateway_v1._check_throttle

    def check_with_key_if_required(  # noqa: PLR0917  MiniStack's signature
        stage: Mapping[str, Any],
        api_id: str,
        stage_name: str,
        resource_path: str,
        method: str,
        key: Mapping[str, Any] | None,
    ) -> Any:
        if not _requires_key(api_id, resource_path, method):
            key = None
        return check(stage, api_id, stage_name, resource_path, method, key)

    apigateway_v1._check_throttle = check_with_key_if_required


def _settings_of(
    stage: Mapping[str, Any], resource_path: str, method: str
) -> Mapping[str, Any] | None:
    """The settings for this method, else those for every method."""
    settings: Mapping[str, Any] = stage.get("methodSettings") or {}
    by_method = {_plain(name): found for name, found in settings.items()}
    return by_method.get(f"{resource_path}/{method}") or settings.get(_EVERY_METHOD)


def _plain(name: str) -> str:
    """``/~1agents~1{agent}/POST`` or ``~1agents~1{agent}/POST`` as ``/agents/{agent}/POST``."""
    return "/" + name.replace("~1", "/").lstrip("/")


def _requires_key(api_id: str, resource_path: str, method: str) -> bool:
    for resource in apigateway_v1._resources.get(api_id, {}).values():
        if resource["path"] == resource_path:
            methods = resource["resourceMethods"]
            found = methods.get(method) or methods.get("ANY") or {}
            return bool(found.get("apiKeyRequired"))
    return False
