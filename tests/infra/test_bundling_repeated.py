"""Bundles built twice, at once, elsewhere, or by a build that was killed."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from stacks.bundling.archive import Archive
from tests.infra.bundling_project import OURS, Project, names_in, project_fixture

__all__ = ["project_fixture"]


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
