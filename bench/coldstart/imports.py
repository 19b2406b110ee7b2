"""What a function's imports take, by Python's own ``-X importtime``."""

import os
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.coldstart.start import Startable, environment_of
from devtools.localcloud.execution import PYTHON

_LINE: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)")
#: Where an import's own time goes that has no package.
_STANDARD: Final = "standard library and runtime"


def largest_imports(
    function: Startable, endpoints: Mapping[str, str], runtime: Path
) -> tuple[dict[str, float], dict[str, float]]:
    """The packages and the modules whose own code takes longest to import, largest first.

    Args:
        function: Whose.
        endpoints: As it is started with; nothing is called.
        runtime: awslambdaric.

    Returns:
        Milliseconds by top-level package, the standard library as one; and by module.

    Raises:
        subprocess.CalledProcessError: Its entry point cannot be imported.
    """
    entry = function.handler.rpartition(".")[0]
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [
                PYTHON,
                "-S",
                "-B",
                "-X",
                "importtime",
                "-c",
                f"import awslambdaric.bootstrap, {entry}",
            ],
            cwd=function.code,
            env=environment_of(function, endpoints, "127.0.0.1:9", runtime, Path(scratch)),
            capture_output=True,
            text=True,
            check=True,
        )
    modules: defaultdict[str, float] = defaultdict(float)
    packages: defaultdict[str, float] = defaultdict(float)
    brought = {entry.name.partition(".")[0] for entry in os.scandir(function.code)}
    for line in done.stderr.splitlines():
        if found := _LINE.match(line):
            own_ms, name = int(found[1]) / 1000, found[2]
            modules[name] += own_ms
            top = name.partition(".")[0]
            packages[top if top in brought else _STANDARD] += own_ms
    return _largest_first(packages), _largest_first(modules)


def _largest_first(times: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(times.items(), key=lambda item: -item[1]))
