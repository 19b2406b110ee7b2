"""What a run leaves: the names and the texts of its artifacts. Writing them is the caller's.

All are rendered before any is written, so that a template that fails leaves nothing half done.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tradewind.workflow.engine.errors import ArtifactFailed
from tradewind.workflow.engine.execute import Result
from tradewind.workflow.spec.model import Spec
from tradewind.workflow.text.faults import BadText, RenderingFailed
from tradewind.workflow.text.templates import compiled, names_in

#: Characters of a part of a path.
_LONGEST: Final = 100
#: ``$TRACE`` is what published files write for a name that templates cannot spell so.
_TRACE: Final = re.compile(r"\{\{\s*\$TRACE\s*\}\}|\$TRACE\b")
_TRACE_IN_EXPRESSION: Final = re.compile(r"(\{\{[^{}]*)\$TRACE\b")


@dataclass(frozen=True, slots=True)
class Written:
    """An artifact.

    Attributes:
        path: Relative; each part is safe as a file's name.
        text: Its content.
    """

    path: str
    text: str


def render_artifacts(
    spec: Spec, result: Result, *, trace: Mapping[str, Any] | None, now: float
) -> list[Written]:
    """The artifacts of a run that is done.

    Args:
        spec: The workflow.
        result: How it ended.
        trace: Its trace, for templates that want it.
        now: Seconds since 1970.

    Raises:
        ArtifactFailed: One cannot be rendered, has no proper path, or has another one's path.
    """
    names = _names(spec, result, trace, now)
    written: dict[str, Written] = {}
    for number, artifact in enumerate(spec.outputs.artifacts):
        what = f"outputs.artifacts[{number}]"
        path = safe_path(_rendered(f"{what}.path", artifact.path, names))
        if path in written:
            raise ArtifactFailed(f"{what}.path: {path} is another artifact's too")
        written[path] = Written(path, _rendered(f"{what}.from", artifact.content, names))
    return list(written.values())


def known_paths(spec: Spec, inputs: Mapping[str, Any]) -> list[str]:
    """The paths of artifacts that can be said before the run, since they need its inputs only.

    Raises:
        ArtifactFailed: One is no proper path.
    """
    known = {**inputs, "inputs": dict(inputs), "name": spec.name, "description": spec.description}
    return [
        safe_path(_rendered("outputs.artifacts.path", artifact.path, known))
        for artifact in spec.outputs.artifacts
        if names_in(artifact.path) <= known.keys()
    ]


def safe_path(path: str) -> str:
    """A path under the folder of artifacts, whose parts are safe names.

    Raises:
        ArtifactFailed: It leads elsewhere, or nowhere.
    """
    slashes = path.strip().replace("\\", "/")
    if slashes.startswith("/") or re.match(r"[A-Za-z]:", slashes):
        raise ArtifactFailed(f"the artifact's path {path!r} is absolute")
    parts = [part for part in slashes.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ArtifactFailed(f"the artifact's path {path!r} leads out of its folder")
    safe = [_safe_part(part) for part in parts]
    if not safe or not all(safe):
        raise ArtifactFailed(f"the artifact's path {path!r} has no name")
    return "/".join(safe)


def _safe_part(part: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", part)
    plain = re.sub(r"_+", "_", plain).strip("._")
    return plain[:_LONGEST].strip("._")


def _names(
    spec: Spec, result: Result, trace: Mapping[str, Any] | None, now: float
) -> dict[str, Any]:
    written = json.dumps(trace, ensure_ascii=False, indent=2) if trace is not None else ""
    return {
        "TRACE": written,
        "name": spec.name,
        "description": spec.description or "",
        "runtime": spec.runtime.model_dump(),
        "context_policy": spec.context_policy.model_dump(),
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        "cumulative_tokens": result.spent.tokens,
        **result.names,
        "execution_context": result.names,
    }


def _rendered(what: str, source: str, names: Mapping[str, Any]) -> str:
    spelled = _TRACE_IN_EXPRESSION.sub(r"\1TRACE", source)
    spelled = _TRACE.sub("{{ TRACE }}", spelled)
    try:
        return compiled(spelled).render(names)
    except (BadText, RenderingFailed) as error:
        raise ArtifactFailed(f"{what}: {error}") from None
