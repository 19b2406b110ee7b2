"""How bundles are made, on a project in miniature and with no registry."""

import hashlib
import json
import marshal
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stacks.bundling import bundler, interpreter
from stacks.bundling.archive import Archive
from stacks.bundling.bundler import Bundler
from stacks.bundling.errors import (
    BundleError,
    HashMismatch,
    InstallFailed,
    MissingWheel,
    NoInterpreter,
    NotCompilable,
    NotLocked,
    OverBudget,
    RegistryUnreachable,
    UnknownOperation,
)
from stacks.bundling.install import install
from stacks.bundling.rules import AWS_OPERATIONS, METADATA_READ, NEVER_IMPORTED
from tests.infra.wheels import Wheelhouse, usual_closure
from tests.sample_agents import SAMPLES
from tradewind.contracts.agent_manifest import AwsReach

BUDGET_MB = 100

#: What is not a library.
OURS = {"agents", "siting", "tradewind"}


class Project:
    """A project with its own runtime package, pins and wheels."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.wheels = Wheelhouse(folder / "wheels")
        package = self.root / "lambda_src" / "tradewind"
        (package / "run" / "templates").mkdir(parents=True)
        agent = self.root / "lambda_src" / "agents" / "report"
        agent.mkdir(parents=True)
        siting = self.root / "lambda_src" / "siting"
        siting.mkdir()
        (siting / "__init__.py").write_text("")
        (package / "__pycache__").mkdir()
        (package / "__init__.py").write_text('"""The runtime."""\n')
        (package / "run" / "report.py").write_text(
            "def known(letter: str) -> bool:\n    return letter in {'a', 'b', 'c', 'd', 'e'}\n"
        )
        (package / "run" / "templates" / "report.html").write_text("<html>")
        (package / "__pycache__" / "stale.pyc").write_bytes(b"stale")
        self.shared = self.root / "lambda_src" / "requirements"
        self.shared.mkdir()
        for name in ("core.txt", "strands.txt", "pydantic-ai.txt"):
            (self.shared / name).write_text("# Nothing.\n")
        (agent / "requirements.in").touch()
        (agent / "agent.py").write_text('"""The agent."""\n')
        self.requirements = agent / "requirements.txt"
        self.requirements.write_text(usual_closure(self.wheels))

    def bundle(self, budget_mb: int = BUDGET_MB) -> Archive:
        return Bundler(self.root).bundle(SAMPLES["report"], "arm64", budget_mb)

    def lose_wheels(self) -> None:
        """From now on, nothing can be installed."""
        for wheel in self.wheels.folder.iterdir():
            wheel.unlink()


REACH: dict[str, Any] = {
    "service": "s3",
    "operations": ("HeadObject",),
    "actions": ("s3:GetObject",),
    "resources": ("arn:aws:s3:::a",),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    monkeypatch.setenv("UV_DEFAULT_INDEX", made.wheels.registry)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return made


def names_in(archive: Archive) -> set[str]:
    with zipfile.ZipFile(archive.path) as zipped:
        return set(zipped.namelist())


def read(archive: Archive, name: str) -> bytes:
    with zipfile.ZipFile(archive.path) as zipped:
        return zipped.read(name)


def test_a_bundle_holds_runtime_and_libraries_with_their_byte_code(project: Project) -> None:
    names = names_in(project.bundle())
    assert {
        "tradewind/__init__.py",
        "tradewind/__pycache__/__init__.cpython-312.pyc",
        "tradewind/run/templates/report.html",
        "geometry/__init__.py",
        "geometry/__pycache__/__init__.cpython-312.pyc",
        "geometry/shapes.json",
        "geometry.libs/libgeos.so",
    } <= names
    assert "tradewind/__pycache__/stale.pyc" not in names


def test_a_bundle_leaves_out_what_is_never_touched(project: Project) -> None:
    names = names_in(project.bundle())
    assert not [name for name in names if name.split("/")[0] in NEVER_IMPORTED["strands"]]
    assert not [name for name in names if "/tests/" in name or "-stubs/" in name]
    assert not [name for name in names if name.endswith((".pyi", ".pyx", ".lock"))]
    metadata = {name for name in names if ".dist-info/" in name}
    assert metadata == {
        f"{name.replace('-', '_')}-1.0.dist-info/{kept}"
        for name in METADATA_READ["strands"]
        for kept in ("METADATA", "entry_points.txt")
    }


def test_aws_models_are_cut_to_what_is_called(project: Project) -> None:
    archive = project.bundle()
    names = {name for name in names_in(archive) if "/data/" in name}
    assert names == {"botocore/data/endpoints.json"} | {
        f"botocore/data/{service}/2020-02-02/{kind}.json"
        for service in AWS_OPERATIONS
        for kind in ("service-2", "endpoint-rule-set-1")
    }
    endpoints = json.loads(read(archive, "botocore/data/endpoints.json"))
    assert set(endpoints["partitions"][0]["services"]) == set(AWS_OPERATIONS)
    for service, operations in AWS_OPERATIONS.items():
        model = json.loads(read(archive, f"botocore/data/{service}/2020-02-02/service-2.json"))
        assert set(model["operations"]) == set(operations)
        assert set(model["shapes"]) == {
            f"{operation}{kind}"
            for operation in operations
            for kind in ("Request", "Text", "Fault")
        }


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        ({"service": "s4"}, "service: botocore knows none named 's4'"),
        ({"operations": ("GetNothing", "GetObject")}, "operations: s3 has none named GetNothing"),
    ],
)
def test_what_botocore_does_not_know_is_named(
    project: Project, reach: dict[str, Any], words: str
) -> None:
    report = SAMPLES["report"].model_copy(update={"reach": (AwsReach(**REACH | reach),)})
    with pytest.raises(UnknownOperation) as refused:
        Bundler(project.root).bundle(report, "arm64", BUDGET_MB)
    assert str(refused.value) == f"agents/report/agent.toml: reach: {words}"


def test_the_callers_python_settings_do_not_reach_the_compiler(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    assert "tradewind/__pycache__/__init__.cpython-312.pyc" in names_in(project.bundle())


def test_byte_code_needs_no_check_and_speaks_of_lambdas_folder(project: Project) -> None:
    code = read(project.bundle(), "geometry/__pycache__/__init__.cpython-312.pyc")
    unchecked_hash = 0b01
    assert int.from_bytes(code[4:8], "little") == unchecked_hash
    assert marshal.loads(code[16:]).co_filename == "/var/task/geometry/__init__.py"  # noqa: S302


def test_an_unchanged_project_builds_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    first = project.bundle()
    assert capsys.readouterr().err == (
        "installing the report agent's libraries for arm64 ...\nbundling report for arm64 ...\n"
    )
    project.lose_wheels()
    assert project.bundle() == first
    assert capsys.readouterr().err == ""


def test_an_edit_of_the_runtime_does_not_install_again(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    first = project.bundle()
    capsys.readouterr()
    project.lose_wheels()
    (project.root / "lambda_src" / "tradewind" / "__init__.py").write_text("EDITED = True\n")

    second = project.bundle()

    assert capsys.readouterr().err == "bundling report for arm64 ...\n"
    assert second.sha256 != first.sha256
    assert read(second, "tradewind/__init__.py") == b"EDITED = True\n"
    assert names_in(second) == names_in(first)


def test_a_new_pin_installs_again(project: Project) -> None:
    first = project.bundle()
    extra = project.wheels.add("extra", {"extra/__init__.py": b""})
    project.requirements.write_text(project.requirements.read_text() + extra)
    assert "extra/__init__.py" in names_in(project.bundle()) - names_in(first)


@pytest.mark.parametrize("lock", ["core.txt", "strands.txt"])
def test_a_new_shared_pin_installs_again(project: Project, lock: str) -> None:
    first = project.bundle()
    extra = project.wheels.add("extra", {"extra/__init__.py": b""})
    (project.shared / lock).write_text(extra)
    assert "extra/__init__.py" in names_in(project.bundle()) - names_in(first)


def test_another_frameworks_pins_are_not_its_business(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    first = project.bundle()
    capsys.readouterr()
    (project.shared / "pydantic-ai.txt").write_text("geometry==9.9\n")
    assert project.bundle() == first
    assert capsys.readouterr().err == ""


def test_a_pin_in_two_locks_is_installed_once(project: Project) -> None:
    extra = project.wheels.add("extra", {"extra/__init__.py": b""})
    (project.shared / "core.txt").write_text(extra.replace(" --hash", " ; os_name == 'nt' --hash"))
    (project.shared / "strands.txt").write_text(extra)
    assert "extra/__init__.py" in names_in(project.bundle())


@pytest.mark.parametrize("linked", [False, True])
def test_an_agent_without_code_to_put_in_is_named(project: Project, linked: bool) -> None:
    folder = project.root / "lambda_src" / "agents" / "report"
    if linked:
        folder.rename(project.root / "elsewhere")
        folder.symlink_to(project.root / "elsewhere")
    else:
        (folder / "agent.py").unlink()
    with pytest.raises(BundleError, match=r"^lambda_src/agents/report/agent\.py is missing, or"):
        project.bundle()


def test_requirements_without_a_lock_are_named(project: Project) -> None:
    project.requirements.unlink()
    with pytest.raises(NotLocked) as refused:
        project.bundle()
    assert str(refused.value) == (
        "lambda_src/agents/report/requirements.txt is missing; `make lock` writes it"
    )


def test_an_agent_without_requirements_needs_no_lock(project: Project) -> None:
    (project.shared / "core.txt").write_text(project.requirements.read_text())
    project.requirements.unlink()
    project.requirements.with_suffix(".in").unlink()
    assert "geometry/__init__.py" in names_in(project.bundle())


def test_only_the_last_two_bundles_are_kept(project: Project) -> None:
    source = project.root / "lambda_src" / "tradewind" / "__init__.py"
    made = []
    for number in range(4):
        source.write_text(f"NUMBER = {number}\n")
        made.append(project.bundle().path)
    assert [path.exists() for path in made] == [False, False, True, True]
    assert not (project.root / ".build" / "bundles" / "work" / "report-arm64").exists()


def test_two_at_once_build_it_once(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made: list[Archive] = []
    threads = [threading.Thread(target=lambda: made.append(project.bundle())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] == made[1]
    assert capsys.readouterr().err.count("bundling report for arm64") == 1


KILLED = """
import sys, time
from pathlib import Path
from stacks.bundling import bundler
from tests.sample_agents import SAMPLES

root, moment = Path(sys.argv[1]), sys.argv[2]

def stop(*arguments):
    print("here", flush=True)
    time.sleep(60)

setattr(bundler, moment, stop)
bundler.Bundler(root).bundle(SAMPLES["report"], "arm64", 100)
"""


@pytest.mark.parametrize("moment", ["prune", "compile_tree", "add_tree"])
def test_a_killed_build_leaves_nothing_that_counts(
    project: Project, root: Path, moment: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(project.root), moment],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'lambda_src'}"},
    ) as building:
        assert building.stdout is not None
        assert building.stdout.readline() == b"here\n"
        building.send_signal(signal.SIGKILL)
    assert not list((project.root / ".build").rglob("report-arm64-*"))
    [tree] = (project.root / ".build").rglob("libraries-report-arm64/tree")
    (tree / "half_written.py").touch()

    names = names_in(project.bundle())

    assert "tradewind/__init__.py" in names
    assert "half_written.py" not in names


BUILD = """
import sys
from pathlib import Path
from stacks.bundling.bundler import Bundler
from tests.sample_agents import SAMPLES

print(Bundler(Path(sys.argv[1])).bundle(SAMPLES["report"], "arm64", 100).path)
"""


def test_the_same_inputs_give_the_same_bytes_anywhere(
    project: Project, root: Path, tmp_path: Path
) -> None:
    made = []
    for seed in ("1", "2"):
        elsewhere = tmp_path / f"elsewhere-{seed}"
        elsewhere.mkdir()
        (elsewhere / "lambda_src").symlink_to(project.root / "lambda_src")
        done = subprocess.run(
            [sys.executable, "-c", BUILD, str(elsewhere)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={
                **os.environ,
                "PYTHONPATH": f"{root}:{root / 'lambda_src'}",
                "PYTHONHASHSEED": seed,
            },
        )
        made.append(Path(done.stdout.strip()))
    assert made[0].name == made[1].name
    assert made[0].read_bytes() == made[1].read_bytes()


def test_files_are_in_order_whatever_the_disk_says(project: Project) -> None:
    with zipfile.ZipFile(project.bundle().path) as zipped:
        names = [Path(name) for name in zipped.namelist()]
    libraries = [name for name in names if name.parts[0] not in OURS]
    runtime = [name for name in names if name.parts[0] in OURS]
    assert names == sorted(libraries) + sorted(runtime)


def test_building_changes_nothing_in_uvs_cache(project: Project, tmp_path: Path) -> None:
    def contents() -> dict[Path, str]:
        return {
            file: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in (tmp_path / "cache" / "archive-v0").rglob("*")
            if file.is_file()
        }

    project.bundle()
    before = contents()
    for made in (project.root / ".build" / "bundles").iterdir():
        if made.is_file():
            made.unlink()
    project.bundle()
    assert before
    assert contents() == before


def test_a_bundle_over_its_budget_names_its_largest_packages(project: Project) -> None:
    big = [
        project.wheels.add(f"pack{size}", {f"pack{size}/data.bin": bytes(size * 100_000)})
        for size in range(1, 13)
    ]
    project.requirements.write_text(project.requirements.read_text() + "".join(big))

    for _ in ("built", "found in the cache"):
        with pytest.raises(OverBudget) as refused:
            project.bundle(budget_mb=2)
        said = str(refused.value)
        assert said.startswith("The report bundle is 7.8 MB unzipped; at most 2.0 MB is allowed.")
        assert said.endswith(
            "in MB: pack12 1.2, pack11 1.1, pack10 1.0, pack9 0.9, pack8 0.8, pack7 0.7, "
            "pack6 0.6, pack5 0.5, pack4 0.4, pack3 0.3"
        )
    assert project.bundle(budget_mb=8).unzipped_bytes > 7_800_000


def test_sizes_are_counted_by_package(project: Project) -> None:
    archive = project.bundle()
    with zipfile.ZipFile(archive.path) as zipped:
        assert archive.unzipped_bytes == sum(entry.file_size for entry in zipped.infolist())
    assert {"tradewind", "geometry", "botocore", "boto3"} < set(archive.packages)
    # The shared library that came with it is its own.
    assert archive.packages["geometry"] > 5000
    assert list(archive.packages.values()) == sorted(archive.packages.values(), reverse=True)


def test_a_missing_wheel_is_named(project: Project) -> None:
    line = project.wheels.add("wind-rose", {}, version="2.1", tag="cp312-cp312-win_amd64")
    project.requirements.write_text(line)
    with pytest.raises(MissingWheel) as refused:
        project.bundle()
    assert str(refused.value) == (
        "report.txt: wind-rose 2.1 has no wheel for aarch64-manylinux_2_28, Python 3.12; "
        "pin a version that has one"
    )


def test_a_package_that_is_not_the_pinned_one_is_named(project: Project) -> None:
    line = project.wheels.add("geometry", {})
    project.requirements.write_text(line[:-65] + "0" * 64 + "\n")
    with pytest.raises(HashMismatch, match=r"report.txt: geometry 1.0 is not the package that"):
        project.bundle()


def test_a_registry_that_cannot_be_reached_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    project.lose_wheels()
    with pytest.raises(RegistryUnreachable, match=r"cannot be reached .*127\.0\.0\.1:9"):
        project.bundle()


def test_whatever_else_uv_says_is_passed_on_in_one_line(project: Project) -> None:
    project.requirements.write_text("geometry==1.0\n")
    with pytest.raises(InstallFailed, match="all requirements must have a hash") as refused:
        project.bundle()
    assert "\n" not in str(refused.value)


def test_a_module_that_does_not_compile_is_shown(project: Project) -> None:
    (project.root / "lambda_src" / "tradewind" / "broken.py").write_text("def broken(:\n")
    with pytest.raises(NotCompilable) as refused:
        project.bundle()
    assert 'File "/var/task/tradewind/broken.py", line 1' in str(refused.value)


def test_an_edit_during_a_build_is_not_mistaken_for_what_was_hashed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = project.root / "lambda_src" / "tradewind" / "__init__.py"
    source.write_text("MOMENT = 'before'\n")

    def edit_and_install(*arguments: Any) -> None:
        source.write_text("MOMENT = 'after'\n")
        install(*arguments)

    monkeypatch.setattr(bundler, "install", edit_and_install)
    assert read(project.bundle(), "tradewind/__init__.py") == b"MOMENT = 'before'\n"
    assert read(project.bundle(), "tradewind/__init__.py") == b"MOMENT = 'after'\n"


def test_a_failed_build_can_be_repeated(project: Project) -> None:
    right = project.requirements.read_text()
    project.requirements.write_text("geometry==1.0\n")
    with pytest.raises(InstallFailed):
        project.bundle()
    project.requirements.write_text(right)
    assert project.bundle().path.exists()


def test_another_python_finds_one_to_compile_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "_WANTED", (3, 99))
    found = interpreter.find_interpreter()
    assert found.version.startswith("3.12.")
    assert found.path.exists()


def test_without_a_python_to_compile_with_the_search_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    search = tmp_path / "search.py"
    search.write_text("import sys; sys.exit('Install one.')")
    monkeypatch.setattr(interpreter, "_WANTED", (3, 99))
    monkeypatch.setattr(interpreter, "_SEARCH", search)
    with pytest.raises(NoInterpreter, match="Install one"):
        interpreter.find_interpreter()
