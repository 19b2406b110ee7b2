"""The example runtimes, deployed as they are, and called by the client over both transports."""

import asyncio
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools.localcloud import Running
from stacks.names import construct_id
from tests.integration.agentcore.calls import value_of
from tests.integration.localcloud.agents import artifact, role, runtime
from tests.integration.localcloud.conftest import Deploy
from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall, Transport
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.sdk import SdkTransport
from tradewind.agentcore.session_ids import new_session_id
from tradewind.agentcore.socket import WebSocketTransport
from tradewind.aws.clients import AwsClients
from tradewind.contracts.errors import RuntimeFailed

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "runtimes"
NAMES = ("onboarding", "provisioning", "network_support")
Ask = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def arns(deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]) -> dict[str, str]:
    package = importlib.util.find_spec("bedrock_agentcore")
    assert package is not None
    assert package.origin is not None
    # In place of the libraries that an artifact for AWS carries.
    libraries = {"EnvironmentVariables": {"PYTHONPATH": str(Path(package.origin).parents[1])}}
    resources = {"Role": role()}
    outputs = {}
    for name in NAMES:
        code = upload(f"{name}.zip", artifact((EXAMPLES / name / "main.py").read_text()))
        resources[construct_id(name)] = runtime(name, code, **libraries)
        outputs[construct_id(name)] = {"Fn::GetAtt": [construct_id(name), "AgentRuntimeArn"]}
    made = deploy("agentcore-examples", resources, outputs)
    return {name: made[construct_id(name)] for name in NAMES}


@pytest.fixture
def ask(cloud: Running, arns: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Call one, over a transport, and give its values."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    aws = AwsClients()
    transports: dict[str, Transport] = {
        "sdk": SdkTransport(aws),
        "socket": WebSocketTransport(aws.session),
    }

    def ask_one(
        name: str, transport: str = "sdk", session_id: str = "", **parameters: object
    ) -> list[Any]:
        call = RuntimeCall(
            RuntimeArn.parse(arns[name]),
            json.dumps({"prompt": "Hello", "parameters": parameters}).encode(),
            session_id or new_session_id(),
            lambda: 300.0,
        )
        client = AgentCoreClient(transports[transport])

        async def run() -> list[Any]:
            return [value_of(event) async for event in client.stream(call)]

        return asyncio.run(run())

    return ask_one


def test_a_session_is_known_again_and_another_is_not(ask: Ask) -> None:
    session_id = new_session_id()
    told = [
        ask("onboarding", session_id=one, language="sv") for one in (session_id, session_id, "")
    ]
    assert [values[-1]["visit"] for values in told] == [1, 2, 1]
    assert "\u2028" in told[0][-2]


def test_steps_are_told_one_by_one(ask: Ask) -> None:
    told = ask("provisioning", seconds=0)
    assert [value["done"] for value in told] == [1, 2, 3, 4]


@pytest.mark.parametrize("transport", ["sdk", "socket"])
def test_what_breaks_off_is_a_failure_over_either(ask: Ask, transport: str) -> None:
    assert ask("network_support", transport)[-1] == {"checks": 4}
    with pytest.raises(RuntimeFailed, match="Check 2 of 4"):
        ask("network_support", transport, fail_at=2)
