"""Make a function's bundle, or find it already made."""

import hashlib
import importlib.metadata
import json
import shutil
import sys
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from stacks.bundling import rules
from stacks.bundling.archive import Archive, add_tree
from stacks.bundling.aws_models import cut_aws_models
from stacks.bundling.components import installed
from stacks.bundling.contents import Contents, agent_contents, core_contents
from stacks.bundling.errors import BundleError, OverBudget, UnknownOperation
from stacks.bundling.install import install
from stacks.bundling.interpreter import Interpreter, compile_tree, find_if_there, find_interpreter
from stacks.bundling.lazy_packages import write_table
from stacks.bundling.prune import prune
from stacks.bundling.sbom import bill_of_materials
from stacks.bundling.store import ArchiveStore, Made
from stacks.bundling.workflow_files import DEFAULT_FOLDER, check_workflows, workflow_files
from stacks.settings.function import Architecture
from tradewind.contracts.agent_manifest import REQUEST_FILE, RUNS_WORKFLOWS, AgentManifest

#: Where the bundles' bills of materials are, each ``FUNCTION-ARCHITECTURE.cdx.json``.
BILLS: Final = Path(".build/sboms")


class Bundler:
    """Builds bundles into ``.build/bundles``, each named by the hash of what went in.

    In two layers: the libraries, which change with their pins, and the runtime package on top,
    which changes with every edit. An edit costs a second, not the libraries again. Beside each
    bundle it keeps its bill of materials.
    """

    def __init__(
        self, root: Path, workflows: str = DEFAULT_FOLDER, durable: Collection[str] = ()
    ) -> None:
        """Take files from ``root``.

        Args:
            root: The project.
            workflows: The folder of workflow files, in it.
            durable: The names of those that run past one Lambda.
        """
        self._root = root
        self._sources = root / "lambda_src"
        self._workflows_folder = root / workflows
        self._durable = durable
        self._store = ArchiveStore(root / ".build" / "bundles")
        self._bills = root / BILLS

    def bundle(self, agent: AgentManifest, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the agent's bundle, built if its inputs changed.

        Raises:
            BundleError: It cannot be built, or is larger than ``budget_mb`` unzipped.
        """
        if f"agents/{agent.name}/agent.py" not in self._all_sources:
            raise BundleError(
                f"lambda_src/agents/{agent.name}/agent.py is missing, or behind a link: a bundle "
                "follows none"
            )
        if agent.framework == RUNS_WORKFLOWS:
            check_workflows(self._workflows_folder, self._root, agent.calls, self._durable)
        return self._archive(agent_contents(agent, self._sources), architecture, budget_mb)

    def core_bundle(self, function: str, architecture: Architecture, budget_mb: int) -> Archive:
        """Return the bundle of a function that is no agent's, built if its inputs changed.

        Raises:
            BundleError: It cannot be built, or is larger than ``budget_mb`` unzipped.
        """
        return self._archive(core_contents(function, self._sources), architecture, budget_mb)

    def _archive(self, contents: Contents, architecture: Architecture, budget_mb: int) -> Archive:
        name = f"{contents.name}-{architecture}"
        # Inputs are read once: what is hashed is what is built, even if somebody edits meanwhile.
        requirements = b"".join(lock.read_bytes() for lock in contents.locks)
        sources = self._sources_of(contents)
        compiler = self._compiler(contents.python)
        platform = rules.PLATFORMS[architecture].encode()
        libraries_inputs = _digest(
            [
                self._builder_digest,
                platform,
                (contents.framework or "").encode(),
                (contents.agentcore or "").encode(),
                requirements,
                json.dumps(contents.operations).encode(),
                compiler.version.encode() if compiler is not None else b"",
            ]
        )

        def make_libraries(workplace: Path) -> Made:
            sys.stderr.write(f"installing {contents.title}'s libraries for {architecture} ...\n")
            pins = workplace / f"{contents.name}.txt"
            pins.write_bytes(requirements)
            try:
                return self._make_libraries(workplace, pins, architecture, contents, compiler)
            except UnknownOperation as unknown:
                raise UnknownOperation(f"{contents.asked_by}{unknown}") from None

        def make_bundle(workplace: Path) -> Made:
            libraries = self._store.get(f"libraries-{name}", libraries_inputs, make_libraries)
            sys.stderr.write(f"bundling {contents.name} for {architecture} ...\n")
            return self._make_bundle(workplace, sources, libraries, compiler)

        inputs = _digest([libraries_inputs.encode(), *_flat(sources)])
        archive = self._store.get(name, inputs, make_bundle)
        _check_budget(archive, contents.name, budget_mb)
        self._write_bill(archive, name)
        return archive

    def _write_bill(self, archive: Archive, name: str) -> None:
        """Keep the bill of materials of the bundle that was asked for last, by its name."""
        bill = self._bills / f"{name}.cdx.json"
        content = bill_of_materials(archive, name)
        if not bill.exists() or bill.read_text(encoding="utf-8") != content:
            self._bills.mkdir(parents=True, exist_ok=True)
            # Under a name of this thread's own until it is whole.
            half = bill.with_suffix(f".{threading.get_native_id()}")
            half.write_text(content, encoding="utf-8")
            half.replace(bill)

    def _make_libraries(
        self,
        workplace: Path,
        requirements: Path,
        architecture: Architecture,
        contents: Contents,
        compiler: Interpreter | None,
    ) -> Made:
        tree = workplace / "tree"
        install(requirements, tree, architecture, self._interpreter.path, contents.python)
        components = tuple(
            component
            for component in installed(tree)
            if component.name not in contents.never_imported
        )
        prune(tree, contents.never_imported, contents.metadata_read)
        cut_aws_models(tree, contents.operations)
        write_table(tree)
        if compiler is not None:
            compile_tree(tree, compiler)
        return Made(add_tree(workplace / "archive.zip", tree), components)

    def _make_bundle(
        self,
        workplace: Path,
        sources: Mapping[str, bytes],
        libraries: Archive,
        compiler: Interpreter | None,
    ) -> Made:
        tree = workplace / "tree"
        for name, content in sources.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(content)
        if compiler is not None:
            compile_tree(tree, compiler)
        archive = workplace / "archive.zip"
        shutil.copyfile(libraries.path, archive)
        return Made({**libraries.packages, **add_tree(archive, tree)}, libraries.components)

    @cached_property
    def _all_sources(self) -> dict[str, bytes]:
        return {
            file.relative_to(self._sources).as_posix(): file.read_bytes()
            for file in sorted(self._sources.rglob("*"))
            if file.is_file() and not _is_for_development(file.relative_to(self._sources))
        }

    @cached_property
    def _workflows(self) -> dict[str, bytes]:
        return workflow_files(self._workflows_folder)

    def _sources_of(self, contents: Contents) -> dict[str, bytes]:
        left_out = () if contents.has_workflows else rules.OF_WORKFLOWS
        if contents.agentcore is None:
            left_out = (*left_out, rules.OF_AGENTCORE)
        own = {
            name: content
            for name, content in self._all_sources.items()
            if (
                name.startswith(contents.sources)
                and not name.startswith(left_out)
                and PurePosixPath(name).name != REQUEST_FILE
            )
            or any(PurePosixPath(name).match(pattern) for pattern in contents.files)
        }
        return {**own, **self._workflows} if contents.has_workflows else own

    @cached_property
    def _interpreter(self) -> Interpreter:
        return find_interpreter()

    @cached_property
    def _durable_interpreter(self) -> Interpreter | None:
        return find_if_there(rules.DURABLE_PYTHON)

    def _compiler(self, python: str) -> Interpreter | None:
        return self._interpreter if python == rules.PYTHON else self._durable_interpreter

    @cached_property
    def _builder_digest(self) -> bytes:
        """Of what builds: uv, and this very package with its rules."""
        versions = importlib.metadata.version("uv")
        own = {file.name: file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))}
        return _digest([versions.encode(), *_flat(own)]).encode()


def _is_for_development(file: Path) -> bool:
    return not {"__pycache__", "bench", "examples", "tests"}.isdisjoint(
        file.parts
    ) or file.name.startswith(("requirements", "test_"))


def _flat(files: Mapping[str, bytes]) -> Iterator[bytes]:
    for name, content in files.items():
        yield name.encode()
        yield content


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # The length keeps neighbouring parts apart.
        digest.update(f"{len(part)}:".encode() + part)
    return digest.hexdigest()[:16]


def _check_budget(archive: Archive, agent: str, budget_mb: int) -> None:
    limit = min(budget_mb * 10**6, rules.UNZIPPED_LIMIT)
    if archive.unzipped_bytes <= limit:
        return
    largest = ", ".join(
        f"{package} {size / 10**6:.1f}" for package, size in list(archive.packages.items())[:10]
    )
    raise OverBudget(
        f"The {agent} bundle is {archive.unzipped_bytes / 10**6:.1f} MB unzipped; at most "
        f"{limit / 10**6:.1f} MB is allowed. Its largest packages, in MB: {largest}"
    )
