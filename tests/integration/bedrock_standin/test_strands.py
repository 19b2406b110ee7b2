"""Strands, unchanged, works with the stand-in."""

from typing import Any

import boto3
import pytest
from strands import Agent, tool
from strands.models.bedrock import BedrockModel

from devtools.localcloud.bedrock import BedrockStandIn
from tests.integration.callers import PROFILE


@pytest.fixture
def model(standin_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    # As in a Lambda: endpoint, authority and keys all come from the environment.
    for name, value in standin_environment.items():
        monkeypatch.setenv(name, value)
    model = BedrockModel(boto_session=boto3.Session(), model_id=PROFILE, max_tokens=4000)
    yield model
    model.client.close()


def test_a_tool_loop(standin: BedrockStandIn, model: Any) -> None:
    placed: list[tuple[int, float]] = []

    @tool
    def place_turbines(turbine_count: int, rotor_diameter_m: float = 130.0) -> dict[str, Any]:
        """Place turbines.

        Args:
            turbine_count: How many.
            rotor_diameter_m: Rotor diameter in metres.
        """
        placed.append((turbine_count, rotor_diameter_m))
        return {"placed": turbine_count, "rows": [1, 2]}

    @tool
    def simulate() -> str:
        """Compute the energy."""
        if len(placed) < 2:
            placed.append((0, 0.0))
            raise RuntimeError("no wind today")
        return '{"aep_gwh": 366.9}'

    agent = Agent(
        model=model,
        system_prompt="Call place_turbines, then simulate.",
        tools=[simulate, place_turbines],
        callback_handler=None,
    )
    result = agent("A farm of 16 turbines with a 150.5 m rotor, please")
    text = str(result)
    assert result.stop_reason == "end_turn"
    assert placed == [(16, 150.5), (0, 0.0)]
    assert text.startswith("[scripted model]")
    assert "placed: 16" in text
    assert "simulate reported an error" in text
    assert "no wind today" in text
    assert "aep_gwh: 366.9" in text
    assert standin.stats().requests == 4
    assert standin.stats().connections_opened == 1
