"""The tables of settings in ``docs``, generated from the models that check the settings.

``python -m stacks.settings.pages`` writes them into their pages, between two marks.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from stacks.settings.environment import Settings
from stacks.settings.function import FunctionSettings
from stacks.settings.runtime import RuntimeSettings
from tradewind.contracts.agent_manifest import AgentManifest, FunctionNeeds

_DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
_END: Final = "<!-- End of what is generated. -->"


@dataclass(frozen=True)
class Page:
    """A page with a table of settings in it.

    Attributes:
        file: Where it is.
        model: What the settings are checked against.
        source: The module that has the model, as a reader finds it.
        named_otherwise: Fields that the file does not set.
    """

    file: Path
    model: type[BaseModel]
    source: str
    named_otherwise: frozenset[str]

    def render(self) -> str:
        """The page's text with the table as it has to be now.

        Raises:
            ValueError: The page has no place for it.
        """
        begin = f"<!-- Generated from {self.source} by `make docs`. -->"
        text = self.file.read_text(encoding="utf-8")
        before, begun, rest = text.partition(begin)
        _, ended, after = rest.partition(_END)
        if not (begun and ended):
            raise ValueError(f"{self.file.name} has no place for its table: {begin} ... {_END}")
        table = "\n".join(self._table())
        return f"{before}{begin}\n{table}\n{_END}{after}"

    def _table(self) -> Iterator[str]:
        yield "| Setting | Default | Allowed | |"
        yield "|---|---|---|---|"
        for setting in settings_of(self.model):
            if setting.name not in self.named_otherwise:
                cells = (f"`{setting.name}`", setting.default, setting.allowed, setting.meaning)
                yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


AGENTS_PAGE: Final = Page(
    _DOCS / "agents.md",
    AgentManifest,
    "lambda_src/tradewind/contracts/agent_manifest.py",
    frozenset({"name"}),
)
SETTINGS_PAGE: Final = Page(
    _DOCS / "settings.md",
    Settings,
    "stacks/settings/environment.py",
    # Refused there: endpoints are a single agent's.
    frozenset({"environment", "functions.endpoints"}),
)

RUNTIMES_PAGE: Final = Page(
    _DOCS / "agentcore.md", RuntimeSettings, "stacks/settings/runtime.py", frozenset()
)
PAGES: Final = (AGENTS_PAGE, SETTINGS_PAGE, RUNTIMES_PAGE)


@dataclass(frozen=True)
class Setting:
    """A row: what a person can set, and what to know for it."""

    name: str
    default: str
    allowed: str
    meaning: str


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Every setting of a model; those of the models in it have dotted names."""
    meanings = _meanings(model)
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            repeated = "[]" if get_origin(field.annotation) is tuple else ""
            yield from settings_of(nested, f"{prefix}{name}{repeated}.")
        else:
            inherited = issubclass(model, FunctionSettings) and name in FunctionNeeds.model_fields
            yield Setting(
                f"{prefix}{name}",
                "its agent.toml" if inherited else _default(field),
                field.description or "",
                meanings.get(name, ""),
            )


def _nested(annotation: Any) -> Any:
    """The model of a field, or of each entry of its list; a mapping's stay in their own row."""
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    return annotation


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    assert value is not PydanticUndefined  # noqa: S101  it is not required
    if isinstance(value, Mapping):
        value = dict(value)
    return f"`{json.dumps(value)}`"


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and its bases say of each attribute, in one line."""
    meanings: dict[str, str] = {}
    for owner in model.__mro__:
        section = inspect.cleandoc(owner.__doc__ or "").partition("\nAttributes:\n")[2]
        for name, text in re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE):
            meanings.setdefault(name, " ".join(text.replace("``", "`").split()))
    return meanings


if __name__ == "__main__":
    for page in PAGES:
        page.file.write_text(page.render(), encoding="utf-8")
