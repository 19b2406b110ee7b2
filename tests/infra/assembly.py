"""A synthesized app, and its templates in readable form."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stacks.settings.environment import Settings

Template = dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """A synthesized app.

    Attributes:
        folder: The cloud assembly.
        settings: What it was made from.
        state: The state stack's template.
        agents: The agents stack's template.
        api: The API stack's template.
        observability: The observability stack's template.
    """

    folder: Path
    settings: Settings
    state: Template
    agents: Template
    api: Template
    observability: Template

    def manifest(self) -> dict[str, Any]:
        """What the CDK command line reads first."""
        manifest: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text())
        return manifest

    def everywhere(self, resource_type: str) -> dict[str, dict[str, Any]]:
        """Every resource of a type in all templates, as they are there, by stack and id."""
        return {
            f"{file.name.partition('.')[0]}/{logical_id}": resource
            for file in sorted(self.folder.glob("*.template.json"))
            for logical_id, resource in json.loads(file.read_text())["Resources"].items()
            if resource["Type"] == resource_type
        }

    def spell(self, template: Template, value: Any) -> Any:
        """Resolve intrinsics to readable text, across the stacks and without hashed ids.

        ``<LayoutLogs.Arn>`` is an attribute of the resource ``LayoutLogs``, ``<Alarms.Topic>`` is
        a reference, ``ACCOUNT`` the account of the deployment.
        """
        match value:
            case {"Fn::Join": [separator, [*parts]]}:
                spelled = str(separator).join(self.spell(template, part) for part in parts)
            case {"Fn::GetAtt": [logical_id, attribute]}:
                spelled = f"<{without_hash(logical_id)}.{attribute}>"
            case {"Fn::Sub": str() as text}:
                spelled = text.replace("${AWS::AccountId}", "ACCOUNT")
            case {"Ref": "AWS::AccountId"}:
                spelled = "ACCOUNT"
            case {"Ref": logical_id}:
                spelled = f"<{without_hash(logical_id)}>"
            case {"Fn::ImportValue": name}:
                return self.spell(self.state, self.exports[name])
            case dict():
                return {key: self.spell(template, item) for key, item in value.items()}
            case list():
                return [self.spell(template, item) for item in value]
            case _:
                return value
        return spelled

    @cached_property
    def exports(self) -> dict[str, Any]:
        """What stacks export, by name."""
        return {
            output["Export"]["Name"]: output["Value"]
            for file in self.folder.glob("*.template.json")
            for output in json.loads(file.read_text()).get("Outputs", {}).values()
            if "Export" in output
        }

    def only(self, template: Template, resource_type: str, prefix: str = "") -> dict[str, Any]:
        """The one resource of a type whose logical id begins with ``prefix``, spelled out."""
        [found] = self.all(template, resource_type, prefix)
        return found

    def all(self, template: Template, resource_type: str, prefix: str = "") -> list[dict[str, Any]]:
        """Every resource of a type whose logical id begins with ``prefix``, spelled out."""
        return [
            self.spell(template, resource)
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == resource_type and logical_id.startswith(prefix)
        ]


def without_hash(logical_id: str) -> str:
    """CDK ends logical ids with eight hex digits of the construct's path."""
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)
