"""Which packages of a bundle may import their names one by one; see ``run.lazy_packages``.

Those whose ``__init__`` does nothing but import from its own library and define functions: when it
runs makes no difference to anybody then.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: The libraries that are read: large, and imported for a few of their names.
LAZY: Final = ("strands",)
FILE: Final = "lazy_packages.json"

#: By package and name, the module that has it and its name there; no name for the module itself.
Table = dict[str, dict[str, tuple[str, str | None]]]


def write_table(tree: Path) -> None:
    """Write the table of the packages in a tree into it; nothing where there are none."""
    table = table_of(tree)
    if table:
        (tree / FILE).write_text(json.dumps(table, separators=(",", ":")), encoding="utf-8")


def table_of(tree: Path) -> Table:
    """The packages below a folder of libraries that may, each with its names."""
    table: Table = {}
    for library in LAZY:
        for file in sorted((tree / library).rglob("__init__.py")):
            package = ".".join(file.parent.relative_to(tree).parts)
            names = _names_of(package, file)
            if names:
                table[package] = names
    return table


def _names_of(package: str, file: Path) -> dict[str, tuple[str, str | None]]:
    """What may be imported later; nothing if the package may not."""
    body = ast.parse(file.read_bytes()).body
    if not all(_is_harmless(statement) for statement in body):
        return {}
    library = package.partition(".")[0]
    modules = set(_modules_in(file.parent))
    names: dict[str, tuple[str, str | None]] = {}
    for statement in body:
        if not isinstance(statement, ast.ImportFrom):
            continue
        source = _absolute(package, statement)
        if source.partition(".")[0] != library:
            continue
        for alias in statement.names:
            name = alias.asname or alias.name
            if source == package:
                if name not in modules or alias.asname is not None:
                    return {}
                names[name] = (f"{package}.{name}", None)
            elif name in modules:
                # A module of this name takes its place once it is imported.
                return {}
            else:
                names[name] = (source, alias.name)
    if not names:
        return {}
    return names | {name: (f"{package}.{name}", None) for name in sorted(modules)}


def _is_harmless(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.FunctionDef(decorator_list=[]):
            return True
        case ast.ImportFrom(names=names):
            return all(alias.name != "*" for alias in names)
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case _:
            return False


def _absolute(package: str, statement: ast.ImportFrom) -> str:
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - statement.level + 1])
    return f"{base}.{statement.module}" if statement.module else base


def _modules_in(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.suffix == ".py" and entry.stem != "__init__":
            yield entry.stem
        elif (entry / "__init__.py").is_file():
            yield entry.name
