"""The types of the CDK are read for what is used of it, and for all of that."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
#: Nobody imports them: what others give and take is of their types.
_BELOW = {"aws_cdk", "aws_cdk._jsii.*", "aws_cdk.interfaces.*", "aws_cdk.cx_api"}


def _settings() -> dict[str, Any]:
    everything = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = everything["tool"]["mypy"]
    return settings


def _imported(text: str) -> Iterator[str]:
    """What a module's text imports of the CDK, of its modules."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names):
                yield from (one.name for one in names if one.name.startswith("aws_cdk."))
            case ast.ImportFrom("aws_cdk", names):
                yield from (f"aws_cdk.{one.name}" for one in names if one.name[0].islower())
            case ast.ImportFrom(str(module)) if module.startswith("aws_cdk."):
                yield module


def test_every_module_of_it_that_is_imported_has_its_types() -> None:
    """Mend it in the list in pyproject.toml: of what is skipped all is of any type, untold."""
    settings = _settings()
    [read] = [
        override["module"]
        for override in settings["overrides"]
        if override.get("follow_imports") == "normal"
    ]
    roots = [PROJECT / name for name in settings["files"]]
    files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*.py"))]
    texts = [text for file in files if "aws_cdk" in (text := file.read_text(encoding="utf-8"))]
    imported = {module for text in texts for module in _imported(text)}
    assert len(imported) > 10
    assert imported == set(read) - _BELOW
