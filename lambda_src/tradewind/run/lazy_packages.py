"""Packages whose ``__init__`` waits until somebody needs more of it than one name.

A library's ``__init__`` imports all that its users might want, and a cold start waits for it. The
bundle has a table of what such a package imports from where; with it, a name is imported when
it is asked for, and nothing else of the package is. What the table does not have runs the package's
own ``__init__``, whole and unchanged, and so every name is what it would have been.

The import system's own ways: a finder on ``sys.meta_path``, and a module's ``__getattr__``
(PEP 562). No file of a library is changed or left out.
"""

import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

#: The bundler writes it; sources that are not in a bundle have none, and import as ever.
TABLE: Final = Path(__file__).resolve().parents[2] / "lazy_packages.json"

#: By package and name, the module that has it and its name there; no name for the module itself.
Table = Mapping[str, Mapping[str, tuple[str, str | None]]]


def import_lazily(file: Path = TABLE) -> None:
    """From now on, import the packages of a bundle's table name by name; without one, as ever."""
    if file.exists():
        sys.meta_path.insert(0, LazyPackages(json.loads(file.read_bytes())))


class LazyPackages(MetaPathFinder):
    """Finds the packages of a table, and nothing else."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See ``MetaPathFinder``."""
        names = self._table.get(name)
        spec = None if names is None else PathFinder.find_spec(name, path, target)
        if names is not None and spec is not None and spec.loader is not None:
            spec.loader = _LazyLoader(spec.loader, names)
        return spec


class _LazyLoader(Loader):
    """Gives a package the means to import its names later."""

    def __init__(self, loader: Any, names: Mapping[str, tuple[str, str | None]]) -> None:
        self._loader = loader
        self._names = names

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__getattr__"] = _names_of(module, self._names, self._loader)

    def __getattr__(self, name: str) -> Any:
        """Answer as the package's own loader does: its source, its resources."""
        return getattr(self._loader, name)


def _names_of(
    module: ModuleType, names: Mapping[str, tuple[str, str | None]], loader: Loader
) -> Callable[[str], Any]:
    whole = threading.RLock()

    def find(name: str) -> Any:
        place = names.get(name)
        if place is not None:
            where = import_module(place[0])
            found = where if place[1] is None else getattr(where, place[1])
            module.__dict__[name] = found
            return found
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        with whole:
            if module.__dict__.get("__getattr__") is find:
                del module.__dict__["__getattr__"]
                loader.exec_module(module)
        return getattr(module, name)

    return find
