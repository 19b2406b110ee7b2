"""A search's other processes, where a Lambda function would start them."""

import subprocess
import sys
from pathlib import Path

import siting
import tradewind

#: Has a helper make a climb, in a process that finds this project in one folder alone and may have
#: no semaphores: they need /dev/shm.
SEARCH = """
import _multiprocessing, sys

def no_semaphore(*_args):
    raise OSError(38, "Function not implemented")

_multiprocessing.SemLock = no_semaphore
sys.path[:] = [one for one in sys.path if one.startswith(sys.base_prefix)] + sys.argv[1:]

import numpy as np
from shapely.geometry import MultiPolygon, box

from siting.wind import iea37
from siting.wind.layout.climb import Ground, Kind, Task
from siting.wind.layout.constraints import Land, LayoutSpec
from siting.wind.layout.crew import Crew
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.wake.models import Iea37Gaussian

square = MultiPolygon([box(0, 0, 2000, 2000)])
energy = LayoutEnergy(iea37.IEA37_TURBINE, iea37.wind_rose(), Iea37Gaussian())
ground = Ground(Land(square, square), LayoutSpec(3, 130.0, 3.0, 3.0, 270.0), energy)
task = Task(Kind.NEAR, np.array([[300.0, 300.0], [900.0, 900.0], [1500.0, 500.0]]), (0, 0))
with Crew(ground, 2) as crew:
    (helper,) = crew.helpers
    helper.ask([task])
    answer = helper.answer(lambda: False)
print(answer is not None and answer.positions_m.tolist() == ground.climb(
    task, lambda: False
).positions_m.tolist())
"""


def test_helpers_start_from_a_bundles_folder_without_semaphores(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for package in (siting, tradewind):
        (bundle / package.__name__).symlink_to(Path(package.__path__[0]))
    libraries = [one for one in sys.path if one.endswith("site-packages")]

    done = subprocess.run(
        [sys.executable, "-c", SEARCH, str(bundle), *libraries],
        capture_output=True,
        text=True,
        check=False,
        # The folder of the code is not where it is run, and nothing says where it is but the path.
        cwd=tmp_path,
        env={},
    )

    assert done.stdout == "True\n", done.stderr
