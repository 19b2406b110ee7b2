"""Cut botocore's service models to what is called: creating a client reads them whole."""

import gzip
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stacks.bundling.errors import UnknownOperation

#: Kinds of data a client reads when it is created; waiters, paginators and examples are not.
_KINDS = ("service-2", "service-2.sdk-extras", "endpoint-rule-set-1")


def cut_aws_models(tree: Path, operations: Mapping[str, Sequence[str]]) -> None:
    """Reduce botocore's data in ``tree`` to the named operations of the named services.

    Data is stored plain: the bundle is compressed as a whole, and a cold start unzips less.

    Raises:
        UnknownOperation: There is no such service, or it has no such operation.
    """
    data = tree / "botocore" / "data"
    for service in operations:
        if not (data / service).is_dir():
            raise UnknownOperation(f"service: botocore knows none named {service!r}")
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in operations:
            shutil.rmtree(folder)
    # The high-level resources, which nothing here uses.
    shutil.rmtree(tree / "boto3" / "data")

    for service, names in operations.items():
        newest = max((data / service).iterdir())
        for folder in (data / service).iterdir():
            if folder != newest:
                shutil.rmtree(folder)
        for file in sorted(newest.iterdir()):
            kind = file.name.removesuffix(".gz").removesuffix(".json")
            content = _take(file)
            if kind == "service-2":
                if missing := sorted(set(names) - set(content["operations"])):
                    raise UnknownOperation(
                        f"operations: {service} has none named {', '.join(missing)}"
                    )
                content = _with_operations(content, names)
            if kind in _KINDS:
                _put(newest / f"{kind}.json", content)

    endpoints = _take(next(data.glob("endpoints.json*")))
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: service for name, service in partition["services"].items() if name in operations
        }
    _put(data / "endpoints.json", endpoints)


def _with_operations(model: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    operations = {name: model["operations"][name] for name in sorted(names)}
    shapes = model["shapes"]
    reached: dict[str, Any] = {}
    waiting = list(_shapes_named_by(operations))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = shapes[name]
            waiting.extend(_shapes_named_by(shapes[name]))
    return {**model, "operations": operations, "shapes": dict(sorted(reached.items()))}


def _shapes_named_by(node: Any) -> Iterable[str]:
    """Every ``{"shape": NAME}`` anywhere below ``node``."""
    if isinstance(node, dict):
        if isinstance(node.get("shape"), str):
            yield node["shape"]
        for child in node.values():
            yield from _shapes_named_by(child)
    elif isinstance(node, list):
        for child in node:
            yield from _shapes_named_by(child)


def _take(file: Path) -> Any:
    """Read a data file and remove it."""
    raw = file.read_bytes()
    file.unlink()
    return json.loads(gzip.decompress(raw) if file.suffix == ".gz" else raw)


def _put(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
