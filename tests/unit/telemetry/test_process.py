"""A process knows its age from the kernel and its first request from the later ones."""

import subprocess
import sys
from pathlib import Path

import pytest

import tradewind
from tradewind.telemetry import process
from tradewind.telemetry.metric_names import ProcessStart
from tradewind.telemetry.process import ColdStart, peak_memory_mb, process_age_ms


def test_only_the_first_request_is_cold() -> None:
    start = ColdStart()
    assert [start.take() for _ in range(3)] == [
        ProcessStart.COLD,
        ProcessStart.WARM,
        ProcessStart.WARM,
    ]


@pytest.mark.parametrize(
    ("initialized", "first"),
    [
        ("on-demand", ProcessStart.COLD),
        ("provisioned-concurrency", ProcessStart.PROVISIONED),
        ("snap-start", ProcessStart.RESTORED),
        ("of a kind yet to come", ProcessStart.COLD),
    ],
)
def test_who_waited_for_a_start_is_as_lambda_says(
    monkeypatch: pytest.MonkeyPatch, initialized: str, first: ProcessStart
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", initialized)
    start = ColdStart()
    assert [start.take(), start.take()] == [first, ProcessStart.WARM]


def test_age_counts_from_the_process_start_not_from_the_import() -> None:
    # The sleep before the import, less one clock tick.
    assert float(run("print(process_age_ms())", before="import time; time.sleep(0.3)")) >= 290


def run(code: str, before: str = "") -> str:
    """Run ``code`` in a process of its own and return what it prints."""
    lambda_src = str(Path(tradewind.__file__).parent.parent)
    imports = "from tradewind.telemetry.process import peak_memory_mb, process_age_ms"
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\n{imports}\n{code}"],
        env={"PYTHONPATH": lambda_src},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_age_never_runs_backwards() -> None:
    assert 0 < process_age_ms() <= process_age_ms()


def test_peak_memory_is_this_processes_own_and_grows() -> None:
    block = bytearray(300 << 20)
    block[::4096] = b"x" * len(block[::4096])
    large = peak_memory_mb()
    assert large > 300
    small = float(run("print(peak_memory_mb())"))
    assert 5 < small < 150  # not the parent's, which a child inherits in getrusage
    assert len(block) == 300 << 20


def test_a_start_is_the_sum_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    ages = iter([40.0, 440.0, 470.0])
    monkeypatch.setattr(process, "process_age_ms", lambda: next(ages))
    start = ColdStart()
    start.imported()
    start.ready()
    assert (start.runtime_ms, start.import_ms, start.client_ms) == (40, 400, 30)
    assert start.init_ms == 470
