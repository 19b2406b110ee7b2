"""The AppSpec document of a Lambda deployment.

Source: "AppSpec file structure" and "AppSpec 'hooks' section" in the CodeDeploy user guide.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ministack.services.cloudformation import engine

from devtools.localcloud.extension.codedeploy.refusal import Refused

BEFORE: Final = "BeforeAllowTraffic"
AFTER: Final = "AfterAllowTraffic"
_NEEDED: Final = ("Name", "Alias", "CurrentVersion", "TargetVersion")


@dataclass(frozen=True)
class AppSpec:
    """What is to be deployed.

    Attributes:
        function: The function's name.
        alias: The alias to shift.
        current: The version it has now.
        target: The version it is to have.
        hooks: The function to ask, by lifecycle event.
    """

    function: str
    alias: str
    current: str
    target: str
    hooks: Mapping[str, str]

    def content(self) -> str:
        """The document."""
        properties = dict(
            zip(_NEEDED, (self.function, self.alias, self.current, self.target), strict=True)
        )
        function = {"Type": "AWS::Lambda::Function", "Properties": properties}
        document = {
            "version": 0.0,
            "Resources": [{self.function: function}],
            "Hooks": [{event: hook} for event, hook in self.hooks.items()],
        }
        return json.dumps(document)

    def revision(self) -> dict[str, Any]:
        """The document, as a deployment's revision."""
        content = self.content()
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        return {
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": content, "sha256": sha256},
        }

    def reverse(self) -> "AppSpec":
        """What takes the alias back, without asking a hook."""
        return AppSpec(self.function, self.alias, self.target, self.current, {})


def of_revision(revision: Mapping[str, Any] | None) -> AppSpec:
    """Read a deployment's revision.

    Raises:
        Refused: It is none that a Lambda deployment can have.
    """
    if not revision:
        raise Refused("A revision is required", "RevisionRequiredException")
    kind = revision.get("revisionType")
    member = {"AppSpecContent": "appSpecContent", "String": "string"}.get(kind or "")
    if member is None:
        raise Refused(f"A revision {kind} is not supported here", "InvalidRevisionException")
    content = (revision.get(member) or {}).get("content")
    sha256 = (revision.get(member) or {}).get("sha256")
    if not isinstance(content, str):
        raise _invalid("it has no content")
    if sha256 and hashlib.sha256(content.encode()).hexdigest() != sha256:
        raise _invalid("its content has another sha256")
    return parse(content)


def parse(content: str) -> AppSpec:
    """Read an AppSpec document, JSON or YAML.

    Raises:
        Refused: It is not one of a Lambda deployment.
    """
    try:
        # The reader of CloudFormation's templates, which come in the same two languages.
        document = engine._parse_template(content)
    except Exception as broken:
        raise _invalid(f"it cannot be read: {broken}") from None
    if not isinstance(document, dict) or str(document.get("version")) != "0.0":
        raise _invalid("its version must be 0.0")
    resources = document.get("Resources")
    if not isinstance(resources, list) or len(resources) != 1 or len(resources[0]) != 1:
        raise _invalid("its Resources must be one function")
    (resource,) = resources[0].values()
    if resource.get("Type") != "AWS::Lambda::Function":
        raise _invalid(f"its resource must be an AWS::Lambda::Function, not {resource.get('Type')}")
    properties = resource.get("Properties") or {}
    missing = [name for name in _NEEDED if not properties.get(name)]
    if missing:
        raise _invalid(f"its function lacks {', '.join(missing)}")
    hooks = {event: hook for each in document.get("Hooks") or [] for event, hook in each.items()}
    unknown = sorted(set(hooks) - {BEFORE, AFTER})
    if unknown:
        raise _invalid(f"a Lambda deployment has no hook {', '.join(unknown)}")
    function, alias, current, target = (str(properties[name]) for name in _NEEDED)
    return AppSpec(function, alias, current, target, hooks)


def _invalid(message: str) -> Refused:
    return Refused(f"The AppSpec file is invalid: {message}", "InvalidRevisionException")
