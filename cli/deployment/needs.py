"""What a synthesized environment asks of an account, as its templates have it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_STACK: Final = "aws:cloudformation:stack"
_FUNCTION: Final = "AWS::Lambda::Function"
#: What Lambda gives a function whose template says nothing of it.
_USUAL_MEMORY_MB: Final = 128


@dataclass(frozen=True)
class Needs:
    """What is asked for.

    Attributes:
        bootstrap_parameter: The SSM parameter with the version of the CDK's bootstrap.
        bootstrap_version: The lowest that will do.
        memory_mb: Of each function, by its name.
        reserved: Executions set aside for each function that has some, by its name.
        roles: How many roles each stack has, by its name.
        package_bytes: Of all functions' packages together.
    """

    bootstrap_parameter: str
    bootstrap_version: int
    memory_mb: Mapping[str, int]
    reserved: Mapping[str, int]
    roles: Mapping[str, int]
    package_bytes: int


def read_needs(assembly: Path) -> Needs:
    """Read an assembly that the CDK has just made.

    Args:
        assembly: Its folder.
    """
    stacks = list(_stacks(assembly))
    functions = [
        resource["Properties"]
        for _, template in stacks
        for resource in template["Resources"].values()
        if resource["Type"] == _FUNCTION
    ]
    wanted = [stack for stack, _ in stacks if "requiresBootstrapStackVersion" in stack]
    return Needs(
        bootstrap_parameter=next(
            (str(stack["bootstrapStackVersionSsmParameter"]) for stack in wanted), ""
        ),
        bootstrap_version=max(
            (int(stack["requiresBootstrapStackVersion"]) for stack in wanted), default=0
        ),
        memory_mb={
            str(one["FunctionName"]): int(one.get("MemorySize", _USUAL_MEMORY_MB))
            for one in functions
        },
        reserved={
            str(one["FunctionName"]): int(one["ReservedConcurrentExecutions"])
            for one in functions
            if "ReservedConcurrentExecutions" in one
        },
        roles={
            str(stack["stackName"]): sum(
                resource["Type"] == "AWS::IAM::Role" for resource in template["Resources"].values()
            )
            for stack, template in stacks
        },
        package_bytes=sum(_package_bytes(assembly, one["Code"]) for one in functions),
    )


def _stacks(assembly: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each stack's properties in the manifest, and its template."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == _STACK:
            properties = artifact["properties"]
            file = assembly / properties["templateFile"]
            template = json.loads(file.read_text(encoding="utf-8"))
            yield properties, {"Resources": {}, **template}


def _package_bytes(assembly: Path, code: Mapping[str, Any]) -> int:
    """The size of a function's package, which lies beside the templates until it is uploaded."""
    key = code.get("S3Key")
    file = assembly / f"asset.{key}"
    return file.stat().st_size if isinstance(key, str) and file.exists() else 0
