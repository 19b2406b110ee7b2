"""The locks agree, whatever is released; and compiling them changes what was asked for."""

import os
import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
import uv

from scripts.lock import (
    Lock,
    Locker,
    LockError,
    Pin,
    joint_locks,
    read_pins,
    separate_locks,
)
from tests.infra.wheels import Wheelhouse

# --- The project's own ------------------------------------------------------------------------


def pins_of(root: Path, lock: Lock) -> list[Pin]:
    return read_pins((root / lock.path).read_text())


def test_no_two_locks_disagree(root: Path) -> None:
    """On a version, or on what the file with that version is."""
    pins = [pin for lock in joint_locks(root) for pin in pins_of(root, lock)]
    assert len(pins) > 150
    for name, found in groupby(sorted(pins, key=lambda pin: pin.name), lambda pin: pin.name):
        assert len({(pin.version, frozenset(hashes_in(pin))) for pin in found}) == 1, name


def hashes_in(pin: Pin) -> list[str]:
    return re.findall(r"--hash=sha256:[0-9a-f]{64}\b", pin.text)


def test_every_pin_is_exact_and_hashed(root: Path) -> None:
    for lock in [*joint_locks(root), *separate_locks(root)]:
        for pin in pins_of(root, lock):
            assert re.fullmatch(r"[0-9][0-9A-Za-z.+!]*", pin.version), (lock.path, pin)
            assert hashes_in(pin), (lock.path, pin.name)


def test_every_requirement_is_pinned_where_it_is_installed(root: Path) -> None:
    for lock in [*joint_locks(root), *separate_locks(root)]:
        together = [lock.path, *(path.with_suffix(".txt") for path in lock.beside)]
        pinned = {pin.name for path in together for pin in read_pins((root / path).read_text())}
        required = re.findall(r"^[\w.-]+", (root / lock.requirements).read_text(), re.M)
        assert {re.sub(r"[-_.]+", "-", name).lower() for name in required} <= pinned, lock.path


def test_no_lock_repeats_what_it_is_installed_beside(root: Path) -> None:
    for lock in joint_locks(root):
        beside = {
            pin.requirement
            for path in lock.beside
            for pin in read_pins((root / path.with_suffix(".txt")).read_text())
        }
        assert not beside & {pin.requirement for pin in pins_of(root, lock)}, lock.path


def test_no_lock_says_where_packages_come_from(root: Path) -> None:
    for lock in [*joint_locks(root), *separate_locks(root)]:
        text = (root / lock.path).read_text()
        assert "://" not in text
        assert not re.search(r"^\s*-", re.sub(r"^    --hash=.*", "", text, flags=re.M), re.M)


def test_every_lock_is_compiled(root: Path) -> None:
    """A lock that nothing compiles would stay as it is for ever."""
    folders = ["lambda_src", "devtools", "bench"]
    there = {
        str(file.relative_to(root))
        for file in [
            *root.glob("*.txt"),
            *(f for name in folders for f in (root / name).rglob("*.txt")),
        ]
        if file.read_text(errors="replace").startswith("# Compiled from ")
    }
    assert there == {str(lock.path) for lock in [*joint_locks(root), *separate_locks(root)]}


# --- A project in miniature -------------------------------------------------------------------


class Project:
    """A project with the same files, and wheels of its own for a registry."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.wheels = Wheelhouse(folder / "wheels")

    def fill(self, root: Path) -> None:
        self.release("common", "1.0")
        self.release("framework-a", "1.0", "common")
        self.release("framework-b", "1.0", "common<3")
        self.release("app", "1.0", "common")
        self.release("geometry", "1.0", "common")
        self.release("linter", "1.0", "geometry")
        self.write("requirements.in", "# The app.\napp\n")
        self.write("requirements-setup.in", "app")
        self.write("requirements-dev.in", "linter")
        self.write("lambda_src/requirements/core.in", "common")
        self.write("lambda_src/requirements/strands.in", "framework-a")
        self.write("lambda_src/requirements/pydantic-ai.in", "framework_B  # By another name.")
        self.write("lambda_src/agents/layout/requirements.in", "geometry; os_name != 'nt'")
        self.write("lambda_src/agents/layout/agent.toml", 'framework = "strands"')
        self.write("devtools/localcloud/requirements.in", "common")
        self.write("devtools/localcloud/lambda-runtime.in", "app")
        self.write("requirements-mcp-proxy.in", "common")
        self.write("lambda_src/siting/bench/requirements-pywake.in", "geometry")
        (self.root / "scripts").mkdir()
        shutil.copy(root / "scripts" / "lock.py", self.root / "scripts")

    def be_the_registry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on, uv knows these wheels and no others."""
        for name in [name for name in os.environ if name.startswith("UV_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("UV_DEFAULT_INDEX", self.wheels.registry)
        monkeypatch.setenv("UV_CACHE_DIR", str(self.wheels.folder.with_name("cache")))

    def release(self, name: str, version: str, *requires: str) -> None:
        self.wheels.add(name, {}, version=version, requires=requires)

    def write(self, name: str, content: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")

    def add_agent(self, name: str, framework: str, requirements: str) -> None:
        self.write(f"lambda_src/agents/{name}/agent.toml", f'framework = "{framework}"')
        self.write(f"lambda_src/agents/{name}/requirements.in", requirements)

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "scripts/lock.py", uv.find_uv_bin(), *options],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )

    def lock(self, *options: str) -> str:
        done = self.run(*options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def locks(self) -> dict[str, str]:
        return {
            str(file.relative_to(self.root)): file.read_text()
            for file in sorted(self.root.rglob("*.txt"))
        }

    def versions(self, name: str) -> dict[str, str]:
        """The one version that each lock pins a package at."""
        found = [
            (lock, pin.version)
            for lock, text in self.locks().items()
            for pin in read_pins(text)
            if pin.name == name
        ]
        assert len(dict(found)) == len(found)
        return dict(found)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A project that has been locked, to copy."""
    folder = tmp_path_factory.mktemp("locked")
    project = Project(folder)
    project.fill(root)
    with pytest.MonkeyPatch.context() as patch:
        project.be_the_registry(patch)
        project.lock()
    return folder


@pytest.fixture
def project(tmp_path: Path, locked: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(locked, tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path)
    project.be_the_registry(monkeypatch)
    return project


def test_each_lock_holds_what_it_adds(project: Project) -> None:
    assert {
        lock: [pin.requirement for pin in read_pins(text)] for lock, text in project.locks().items()
    } == {
        "lambda_src/siting/bench/requirements-pywake.txt": ["common==1.0", "geometry==1.0"],
        "devtools/localcloud/lambda-runtime.txt": ["app==1.0", "common==1.0"],
        "devtools/localcloud/requirements.txt": ["common==1.0"],
        "lambda_src/agents/layout/requirements.txt": ["geometry==1.0 ; os_name != 'nt'"],
        "lambda_src/requirements/core.txt": ["common==1.0"],
        "lambda_src/requirements/pydantic-ai.txt": ["framework-b==1.0"],
        "lambda_src/requirements/strands.txt": ["framework-a==1.0"],
        "requirements-dev.txt": ["geometry==1.0", "linter==1.0"],
        "requirements-mcp-proxy.txt": ["common==1.0"],
        "requirements-setup.txt": ["app==1.0", "common==1.0"],
        "requirements.txt": ["app==1.0", "common==1.0"],
    }
    assert "://" not in "".join(project.locks().values())
    assert str(project.root.parent) not in "".join(project.locks().values())


def test_locking_again_changes_nothing(project: Project) -> None:
    before = project.locks()
    assert project.lock().splitlines()[-1] == "Nothing changed."
    assert project.locks() == before


def test_a_release_changes_nothing_until_it_is_asked_for(project: Project) -> None:
    before = project.locks()
    project.release("common", "2.0")
    project.release("geometry", "1.1", "common")
    assert project.lock().splitlines()[-1] == "Nothing changed."
    assert project.locks() == before

    told = project.lock("--upgrade", "Common")
    assert set(project.versions("common").values()) == {"2.0"}
    assert set(project.versions("geometry").values()) == {"1.0"}
    assert "requirements.txt: common 1.0 -> 2.0" in told.splitlines()

    project.lock("--upgrade")
    assert set(project.versions("geometry").values()) == {"1.1"}


@pytest.mark.parametrize("names", [["common"], []])
def test_an_upgrade_goes_as_far_as_everybody_can(project: Project, names: list[str]) -> None:
    """One framework refuses the newest: the app does not part from it."""
    project.release("common", "2.0")
    project.release("common", "3.0")
    project.lock("--upgrade", *names)
    assert set(project.versions("common").values()) == {"2.0", "3.0"}
    alone = {
        "lambda_src/siting/bench/requirements-pywake.txt",
        "devtools/localcloud/requirements.txt",
        "requirements-mcp-proxy.txt",
    }
    assert {
        lock for lock, version in project.versions("common").items() if version == "3.0"
    } == alone


@pytest.mark.parametrize("framework", ["strands", "pydantic-ai"])
def test_a_new_agent_changes_no_lock_but_its_own(project: Project, framework: str) -> None:
    before = project.locks()
    project.release("common", "2.0")
    project.release("geometry", "1.1", "common")
    project.release("grid", "0.1", "common", "geometry", "flow")
    project.release("flow", "7", "common")
    project.add_agent("grid", framework, "grid")

    told = project.lock()

    own = "lambda_src/agents/grid/requirements.txt"
    after = project.locks()
    assert {pin.name: pin.version for pin in read_pins(after.pop(own))} == {
        "flow": "7",
        "geometry": "1.0",
        "grid": "0.1",
    }
    assert after == before
    assert told.splitlines()[-1] == f"{own}: + flow 7, + geometry 1.0, + grid 0.1"

    shutil.rmtree(project.root / "lambda_src" / "agents" / "grid")
    project.lock()
    assert project.locks() == before


def test_an_agent_that_adds_nothing_has_an_empty_lock(project: Project) -> None:
    before = project.locks()
    project.add_agent("plain", "strands", "# Nothing yet.")
    project.lock()
    after = project.locks()
    assert read_pins(after.pop("lambda_src/agents/plain/requirements.txt")) == []
    assert after == before


def test_a_library_that_needs_another_version_moves_everybody(project: Project) -> None:
    project.release("common", "2.0")
    project.release("modern", "1.0", "common>=2")
    project.add_agent("grid", "strands", "modern")
    told = project.lock()
    joint = {"requirements.txt", "lambda_src/requirements/core.txt"}
    assert {project.versions("common")[lock] for lock in joint} == {"2.0"}
    assert "lambda_src/requirements/core.txt: common 1.0 -> 2.0" in told.splitlines()


def test_hashes_stay_when_a_release_gets_more_files(project: Project) -> None:
    before = project.locks()
    project.wheels.add("geometry", {}, tag="cp312-cp312-win_amd64", requires=["common"])
    assert project.lock().splitlines()[-1] == "Nothing changed."
    assert project.locks() == before
    assert "lambda_src/agents/layout/requirements.txt: the same versions" in (
        project.lock("--upgrade", "geometry").splitlines()
    )


@pytest.mark.parametrize("names", [["common"], []])
def test_the_functions_stay_with_what_the_apps_oldest_python_has(
    project: Project, names: list[str]
) -> None:
    project.wheels.add("common", {}, version="2.0", python=">=3.12")
    project.lock("--upgrade", *names)
    joint = {"requirements.txt", "requirements-setup.txt", "lambda_src/requirements/core.txt"}
    assert {project.versions("common")[lock] for lock in joint} == {"1.0"}


def test_a_functions_library_may_have_left_the_apps_oldest_python_behind(project: Project) -> None:
    project.wheels.add("grid", {}, python=">=3.12")
    project.add_agent("grid", "strands", "grid")
    project.lock()
    assert project.versions("grid") == {"lambda_src/agents/grid/requirements.txt": "1.0"}


def test_what_only_the_apps_oldest_python_needs_is_the_apps_alone(project: Project) -> None:
    project.release("backport", "1.0")
    project.release("app", "1.1", "common", "backport ; python_version < '3.12'")
    project.lock("--upgrade", "app")
    assert set(project.versions("backport")) == {"requirements.txt", "requirements-setup.txt"}
    assert project.lock().splitlines()[-1] == "Nothing changed."


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (
            "lambda_src/agents/layout/agent.toml",
            'framework = "flask"',
            "agents/layout/agent.toml: framework: give one of pydantic-ai, strands",
        ),
        (
            "lambda_src/agents/layout/agent.toml",
            "framework = strands",
            "agents/layout/agent.toml: Invalid value",
        ),
        ("lambda_src/agents/layout/requirements.in", "geometry==9", "there is no version of geom"),
    ],
)
def test_what_cannot_be_locked_is_told_and_touches_nothing(
    project: Project, file: str, content: str, said: str
) -> None:
    before = project.locks()
    project.release("common", "2.0")
    project.write(file, content)
    done = project.run("--upgrade")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert project.locks() == before


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        'framework = ["strands"]',
        "framework = {a = 1}",
        "x = " + "9" * 5000,
        "x = " + "[" * 5000,
    ],
)
def test_a_manifest_that_names_no_framework_is_told(tmp_path: Path, manifest: str) -> None:
    agent = tmp_path / "lambda_src" / "agents" / "grid"
    agent.mkdir(parents=True)
    (agent / "requirements.in").touch()
    (agent / "agent.toml").write_text(manifest)
    with pytest.raises(LockError, match=r"^agents/grid/agent\.toml: "):
        joint_locks(tmp_path)


def test_without_uv_it_is_told(tmp_path: Path) -> None:
    locker = Locker(tmp_path, str(tmp_path / "uv"), "", tmp_path)
    with pytest.raises(LockError, match="uv cannot be run: No such file"):
        locker.compile_alone(Lock(Path("some.in")))


def test_an_upgrade_of_what_nobody_pins_is_told(project: Project) -> None:
    done = project.run("--upgrade", "comon")
    assert done.returncode == 1
    assert done.stderr == "no lock pins comon\n"
