"""A process knows its age from the kernel and its first request from the later ones."""

import subprocess
import sys
from pathlib import Path

import tradewind
from tradewind.telemetry.process import ColdStart, peak_memory_mb, process_age_ms


def test_only_the_first_request_is_cold() -> None:
    start = ColdStart()
    assert [start.take() for _ in range(3)] == [True, False, False]


def test_age_counts_from_the_process_start_not_from_the_import() -> None:
    code = (
        "import time; time.sleep(0.3); from tradewind.telemetry.process import process_age_ms;"
        "print(process_age_ms())"
    )
    lambda_src = str(Path(tradewind.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": lambda_src},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) >= 290  # the sleep before the import, less one clock tick


def test_age_never_runs_backwards() -> None:
    assert 0 < process_age_ms() <= process_age_ms()


def test_peak_memory_is_in_megabytes_and_only_grows() -> None:
    before = peak_memory_mb()
    block = b"x" * (64 << 20)
    after = peak_memory_mb()
    assert len(block) == 64 << 20
    assert before <= after < 100_000
