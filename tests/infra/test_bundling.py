"""How bundles are made, on a project in miniature and with no registry."""

import json
import marshal
from pathlib import Path
from typing import Any

import pytest

from stacks.bundling.bundler import Bundler
from stacks.bundling.errors import (
    BundleError,
    NotLocked,
    OverBudget,
    UnknownOperation,
)
from stacks.bundling.rules import AWS_OPERATIONS, METADATA_READ, NEVER_IMPORTED
from tests.infra.bundling_project import BUDGET_MB, Project, names_in, project_fixture, read
from tests.sample_agents import SAMPLES
from tradewind.contracts.agent_manifest import AwsReach
from tradewind.contracts.names import API, MCP, SWEEP

__all__ = ["project_fixture"]

REACH: dict[str, Any] = {
    "service": "s3",
    "operations": ("HeadObject",),
    "actions": ("s3:GetObject",),
    "resources": ("arn:aws:s3:::a",),
}


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


def test_the_sweep_is_the_core_alone(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.shared / "core.txt").write_text(project.requirements.read_text())
    archive = Bundler(project.root).core_bundle(SWEEP, "arm64", BUDGET_MB)
    assert capsys.readouterr().err == (
        "installing the sweep's libraries for arm64 ...\nbundling sweep for arm64 ...\n"
    )
    names = names_in(archive)
    assert "tradewind/run/report.py" in names
    assert "geometry/__init__.py" in names
    assert not [name for name in names if name.startswith(("agents/", "siting/"))]
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    assert {name for name in services if "." not in name} == {"dynamodb"}


def test_the_api_has_what_it_says_of_the_agents_and_none_of_their_code(project: Project) -> None:
    (project.shared / "core.txt").write_text(project.requirements.read_text())
    agent = project.root / "lambda_src" / "agents" / "report"
    (agent / "agent.toml").write_text('description = "Reports."\n')
    (agent / "request.json").write_text("{}")
    (agent / "tests").mkdir()
    (agent / "tests" / "agent.toml").write_text("")
    names = names_in(Bundler(project.root).core_bundle(API, "arm64", BUDGET_MB))
    assert {name for name in names if name.startswith(("agents/", "siting/"))} == {
        "agents/report/agent.toml",
        "agents/report/request.json",
    }
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    assert {name for name in services if "." not in name} == {"bedrock", "dynamodb", "lambda", "s3"}


def test_a_function_without_a_framework_keeps_the_metadata_that_it_reads(project: Project) -> None:
    (project.shared / "core.txt").write_text(project.requirements.read_text())
    (project.shared / "mcp.txt").write_text("")
    names = names_in(Bundler(project.root).core_bundle(MCP, "arm64", BUDGET_MB))
    kept = {name.split("-")[0] for name in names if ".dist-info/" in name}
    assert kept == {"httpcore2", "httpx2", "opentelemetry_api"}


def test_an_agents_bundle_has_no_example_request(project: Project) -> None:
    agent = project.root / "lambda_src" / "agents" / "report"
    (agent / "request.json").write_text("{}")
    assert "agents/report/request.json" not in names_in(project.bundle())


def test_the_sweep_without_the_cores_lock_is_named(project: Project) -> None:
    (project.shared / "core.txt").unlink()
    with pytest.raises(NotLocked, match=r"^lambda_src/requirements/core\.txt is missing"):
        Bundler(project.root).core_bundle(SWEEP, "arm64", BUDGET_MB)


def test_a_bundle_over_its_budget_is_refused_whosever_it_is(project: Project) -> None:
    (project.shared / "core.txt").write_text(project.requirements.read_text())
    with pytest.raises(OverBudget, match="The sweep bundle is "):
        Bundler(project.root).core_bundle(SWEEP, "arm64", 0)
