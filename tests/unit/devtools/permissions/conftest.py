"""A small app whose role uses all that it may, to widen and narrow one grant at a time."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools.permissions import Coverage, cover, load_excuses, read_policies, read_record

TABLE = {"Fn::GetAtt": ["Table", "Arn"]}
FILES = {"Fn::Join": ["", [{"Fn::ImportValue": "Store:BucketArn"}, "/terrain/*"]]}
STATEMENTS: list[dict[str, Any]] = [
    {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": TABLE,
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["terrain#*"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    },
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": FILES},
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": {"Fn::ImportValue": "Store:BucketArn"},
        "Condition": {"StringLike": {"s3:prefix": ["terrain/*", "layout/*"]}},
    },
    {"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"},
]
VALUES = {
    json.dumps(TABLE, sort_keys=True): "arn:aws:dynamodb:r:1:table/Records-1",
    json.dumps({"Fn::ImportValue": "Store:BucketArn"}): "arn:aws:s3:::files-1",
}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "dynamodb:GetItem",
        "arn:aws:dynamodb:r:1:table/Records-1",
        {"dynamodb:leadingkeys": ["terrain#1"]},
    ),
    (
        "dynamodb:PutItem",
        "arn:aws:dynamodb:r:1:table/Records-1",
        {"dynamodb:leadingkeys": ["terrain#2"]},
    ),
    ("s3:GetObject", "arn:aws:s3:::files-1/terrain/project-1/a", {}),
    ("s3:GetObject", "arn:aws:s3:::files-1/terrain/project-2/a", {}),
    ("s3:ListBucket", "arn:aws:s3:::files-1", {"s3:prefix": "terrain/project-1/a"}),
    ("s3:ListBucket", "arn:aws:s3:::files-1", {"s3:prefix": "layout/project-1/a"}),
    ("xray:PutTraceSegments", "*", {}),
]


class App:
    """Writes the app, its record and its excuses, and compares them.

    Attributes:
        resources: The template's.
        statements: Of the role's policy.
        lines: Of the record.
        excuses: The file's text.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.statements = copy.deepcopy(STATEMENTS)
        policy = {"PolicyName": "own", "PolicyDocument": {"Statement": self.statements}}
        role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}
        self.resources: dict[str, Any] = {"Role": role, "Table": {"Type": "AWS::DynamoDB::Table"}}
        self.lines: list[dict[str, Any]] = [{"stack": "App-dev", "values": VALUES}]
        for action, resource, context in CALLS:
            self.call(action, resource, context)
        self.excuses = "{}"

    @property
    def policy(self) -> dict[str, Any]:
        policy: dict[str, Any] = self.resources["Role"]["Properties"]
        return policy

    def call(
        self,
        action: str,
        resource: str,
        context: dict[str, Any] | None = None,
        *,
        allowed: bool = True,
        principal: str = "Role",
    ) -> None:
        """Add a call to the record."""
        self.lines.append(
            {
                "stack": "App-dev",
                "principal": principal,
                "action": action,
                "resource": resource,
                "context": context or {},
                "allowed": allowed,
            }
        )

    def write(self) -> tuple[Path, Path, Path]:
        """Write the three. Returns the templates' folder, the record and the excuses."""
        properties = {"templateFile": "App.template.json", "stackName": "App-dev"}
        artifacts = {
            "App": {"type": "aws:cloudformation:stack", "properties": properties},
            "Tree": {"type": "cdk:tree"},
        }
        (self.folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
        (self.folder / "App.template.json").write_text(json.dumps({"Resources": self.resources}))
        record, excuses = self.folder / "calls.jsonl", self.folder / "excuses.yaml"
        record.write_text("".join(f"{json.dumps(line)}\n" for line in self.lines))
        excuses.write_text(self.excuses)
        return self.folder, record, excuses

    def cover(self, *, partial: bool = False) -> Coverage:
        """Compare."""
        templates, record, excuses = self.write()
        return cover(
            read_policies(templates), [read_record(record)], load_excuses(excuses), partial=partial
        )

    def findings(self) -> list[str]:
        """What is wrong, as it is printed."""
        return [str(finding) for finding in self.cover().findings]


Plant = Callable[[App], None]


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)
