"""The turbines that a project can name: the library's, and those that people brought."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from siting.crew import TERRAIN
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.tools import load_json

if TYPE_CHECKING:
    from siting.wind.turbines import Turbine

_FILE: Final = re.compile(r"turbine-([a-z0-9_]{3,32})\.json")
_KEY: Final = re.compile(r"[a-z0-9_]{3,32}")
_SHOWN: Final = 40


def file_of(key: str) -> str:
    """Return the name of a brought turbine's file.

    Raises:
        ToolInputError: It can be none's name, or is one of the library's.
    """
    from siting.wind.turbines import TURBINES  # noqa: PLC0415

    if not _KEY.fullmatch(key) or key in TURBINES:
        raise ToolInputError(
            f"turbine_model is {key[:_SHOWN]!r}; give 3 to 32 lower-case letters, digits and "
            f"underscores, and none of {', '.join(TURBINES)}."
        )
    return _file_of(key)


def _file_of(key: str) -> str:
    return f"turbine-{key}.json"


def own_turbines(project: Project) -> list[str]:
    """Return the keys of the turbines that people brought to the project."""
    found = (_FILE.fullmatch(file.file_name) for file in project.files() if file.agent == TERRAIN)
    return [match[1] for match in found if match]


def turbine_named(project: Project, key: str) -> "Turbine":
    """Return a turbine of the library, or one that was brought to the project.

    Raises:
        ToolInputError: There is none of this name; the message names those there are.
        ArtifactNotFound: Storage no longer has it.
        StorageError: It could not be read.
    """
    from siting.wind.turbines import TURBINES, turbine_from  # noqa: PLC0415

    if key in TURBINES:
        return TURBINES[key]
    own = own_turbines(project)
    if key in own:
        return turbine_from(key, load_json(project, TERRAIN, _file_of(key)).data)
    raise ToolInputError(
        f"There is no turbine {key[:_SHOWN]!r}; there are {', '.join((*TURBINES, *own))}. The "
        "terrain agent takes others, with their power curve (add_turbine)."
    )


def turbines_of(layout: Mapping[str, Any]) -> "list[Turbine]":
    """Return the type of each of a layout's turbines, as the layout itself says it.

    Args:
        layout: ``layout/layout.json``.
    """
    from siting.wind.turbines import turbine_from, turbine_of  # noqa: PLC0415

    if "turbine_types" not in layout:  # laid out before turbines carried their types
        return [turbine_of(layout["turbine_model"])] * len(layout["turbines"])
    types = {key: turbine_from(key, data) for key, data in layout["turbine_types"].items()}
    return [types[one["turbine_model"]] for one in layout["turbines"]]
