"""What a bundle that cannot be built says."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from stacks.bundling import bundler, interpreter
from stacks.bundling.errors import (
    HashMismatch,
    InstallFailed,
    MissingWheel,
    NoInterpreter,
    NotCompilable,
    OverBudget,
    RegistryUnreachable,
)
from stacks.bundling.install import install
from tests.infra.bundling_project import Project, project_fixture, read

__all__ = ["project_fixture"]


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
