"""What the API's function reads and imports when it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.api import environment_of
from tests.api_events import API_VARIABLES
from tradewind.contracts.api_environment import ApiEnvironment
from tradewind.contracts.errors import ConfigurationError

SOURCES = Path(__file__).parents[3] / "lambda_src"


def test_it_starts_without_what_takes_long_to_import() -> None:
    program = "import json, sys, tradewind.handlers.api; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **API_VARIABLES, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not imported & {"agents", "boto3", "pydantic", "pydantic_ai", "s3transfer", "strands"}


def test_its_environment_is_read() -> None:
    read = ApiEnvironment.from_variables(API_VARIABLES)
    assert read.agents == {"terrain": 900, "layout": 600}
    assert list(read.agents) == ["terrain", "layout"]
    assert (read.queue_life_s, read.record_ttl_days, read.wait_s) == (21_600, 30, 25)
    assert ApiEnvironment.from_variables({**API_VARIABLES, "TRADEWIND_WAIT_S": "0"}).wait_s == 0


def test_the_benchmark_gives_it_what_it_needs() -> None:
    variables = environment_of(Path("bundle"), "https://aws")
    assert ApiEnvironment.from_variables(variables).environment == "bench"


@pytest.mark.parametrize("name", API_VARIABLES)
@pytest.mark.parametrize("value", [None, ""])
def test_each_variable_is_needed(name: str, value: str | None) -> None:
    lacking = {key: text for key, text in API_VARIABLES.items() if key != name}
    with pytest.raises(ConfigurationError, match=f"{name}: is missing"):
        ApiEnvironment.from_variables(lacking if value is None else {**lacking, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECORD_TTL_DAYS", "0"),
        ("RECORD_TTL_DAYS", "1.5"),
        ("RECORD_TTL_DAYS", "٣"),
        ("TRADEWIND_QUEUE_LIFE_S", "59"),
        ("TRADEWIND_WAIT_S", "26"),
        ("TRADEWIND_WAIT_S", "-1"),
        ("TRADEWIND_AGENTS", "terrain"),
        ("TRADEWIND_AGENTS", "terrain=0"),
        ("TRADEWIND_AGENTS", "terrain=900,"),
        ("TRADEWIND_AGENTS", "terrain=900,terrain=1"),
        ("TRADEWIND_AGENTS", "Terrain=900"),
        ("TRADEWIND_RUNTIMES", "terrain"),
        ("TRADEWIND_RUNTIMES", '["terrain"]'),
        ("TRADEWIND_RUNTIMES", '{"terrain": 1}'),
    ],
)
def test_a_bad_value_is_named_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: has to be") as caught:
        ApiEnvironment.from_variables({**API_VARIABLES, name: value})
    assert f"'{value}'" not in str(caught.value)


def test_a_runtime_that_is_nobody_to_ask_is_named() -> None:
    with pytest.raises(ConfigurationError, match="TRADEWIND_RUNTIMES: has some"):
        ApiEnvironment.from_variables({**API_VARIABLES, "TRADEWIND_RUNTIMES": '{"nobody": "No."}'})
