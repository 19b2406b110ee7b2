"""What each function may import until its first answer, and how large its bundle may be.

The budget is what was imported when somebody last agreed to it. `make coldstart-budget` writes it
anew; the change is in the diff then, for who reviews it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bench.coldstart.cloud import cloud
from bench.coldstart.ours import bundled
from bench.coldstart.recording import imports_of
from stacks.settings.function import Architecture

FILE: Final = Path(__file__).with_name("budget.yaml")
#: Whose bundles are measured, on any machine: the two architectures differ by some percent.
MEASURED: Final[Architecture] = "x86_64"
#: How much a bundle may grow before somebody is asked, in bytes: sources grow with every change.
SLACK: Final = 500_000
_MB: Final = 1_000_000
_COMMAND: Final = "make coldstart-budget"
_HEAD: Final = f"""\
# What cold starts may take, until the first answer. Written by `{_COMMAND}`; see bench/coldstart.
# Modules stand where the functions that import them do. The runtime's own are not among them.
"""


@dataclass(frozen=True)
class Budget:
    """What is agreed.

    Attributes:
        bundle_mb: Unzipped size by function, in MB of 1,000,000 bytes.
        modules: What each may import.
    """

    bundle_mb: Mapping[str, float]
    modules: Mapping[str, frozenset[str]]

    @classmethod
    def load(cls, file: Path = FILE) -> "Budget":
        """Read it."""
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        modules: defaultdict[str, set[str]] = defaultdict(set)
        for group in document["modules"]:
            for function in group["functions"]:
                modules[function].update(group["names"])
        found = {function: frozenset(names) for function, names in modules.items()}
        return cls(document["bundle_mb"], found)

    def save(self, file: Path = FILE) -> None:
        """Write it, each module once."""
        importers: defaultdict[str, list[str]] = defaultdict(list)
        for function in sorted(self.modules):
            for name in self.modules[function]:
                importers[name].append(function)
        groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for name in sorted(importers):
            groups[tuple(importers[name])].append(name)
        document: dict[str, Any] = {
            "bundle_mb": dict(sorted(self.bundle_mb.items())),
            "modules": [
                {"functions": list(functions), "names": names}
                for functions, names in sorted(groups.items(), key=lambda one: (-len(one[0]), one))
            ],
        }
        told = yaml.safe_dump(document, sort_keys=False, width=100)
        file.write_text(_HEAD + told, encoding="utf-8")

    def faults_of_imports(self, function: str, imported: Mapping[str, str]) -> list[str]:
        """What a function imports otherwise than is agreed, a line for each.

        Args:
            function: Its name.
            imported: What it imports, each module with the one that asked for it.
        """
        agreed = self.modules.get(function)
        if agreed is None:
            return [f"{function} has no budget: {_COMMAND} gives it one"]
        faults = [
            f"{function} imports {name}, which is new: {chain(name, imported, agreed)}"
            for name in sorted(imported.keys() - agreed)
        ]
        faults += [
            f"{function} does not import {name} any more: {_COMMAND} takes it off the budget"
            for name in sorted(agreed - imported.keys())
        ]
        return faults

    def fault_of_size(self, function: str, size: int) -> str | None:
        """Say how far a bundle of so many bytes is above what is agreed; None if it is not."""
        agreed = self.bundle_mb[function]
        if size <= agreed * _MB + SLACK:
            return None
        return (
            f"{function}: the bundle is {size / _MB:.1f} MB unzipped, {agreed} are agreed; "
            f"{_COMMAND} agrees to more"
        )


def chain(name: str, imported: Mapping[str, str], agreed: frozenset[str]) -> str:
    """How a module came to be imported: from one that is agreed, or the entry point, to it.

    Args:
        name: The module.
        imported: Each module with the one that asked for it first.
        agreed: Where the chain may end.
    """
    links: list[str] = [name]
    while (asker := imported.get(links[-1])) and asker not in links:
        links.append(asker)
        if asker in agreed:
            break
    return " -> ".join(reversed(links))


def main() -> None:
    """Write the budget anew."""
    with cloud() as endpoints:
        modules = {one.name: frozenset(imports_of(one, endpoints)) for one in bundled()}
    sizes = {one.name: round(one.archive.unzipped_bytes / _MB, 1) for one in bundled(MEASURED)}
    Budget(sizes, modules).save()


if __name__ == "__main__":
    main()
