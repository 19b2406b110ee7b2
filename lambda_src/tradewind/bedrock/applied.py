"""What the environment says of every model call, put into each at the one place all of them pass.

Frameworks name the model and know no more of it: that the calls go through an application inference
profile, and that a guardrail is applied to them, is the deployment's. A framework that has settings
of its own for these would need them in each model that it makes, and one could be forgotten.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from tradewind.contracts.environment import ModelEnvironment


def apply_to_calls(client: Any, environment: ModelEnvironment) -> None:
    """Make a bedrock-runtime client call as the environment says.

    Args:
        client: Its ``converse_stream`` is replaced by one that adds to the arguments.
        environment: With the guardrail, and the profile that stands for its model.
    """
    profile, guardrail = environment.application_profile, environment.guardrail
    if profile is None and guardrail is None:
        return
    send: Callable[..., dict[str, Any]] = client.converse_stream

    @wraps(send)
    def converse_stream(**arguments: Any) -> dict[str, Any]:
        if profile is not None and arguments.get("modelId") == environment.model_id:
            arguments["modelId"] = profile
        if guardrail is not None:
            identifier, _, version = guardrail.rpartition(":")
            arguments["guardrailConfig"] = {
                "guardrailIdentifier": identifier,
                "guardrailVersion": version,
                # It tells what was assessed, which is paid for.
                "trace": "enabled",
            }
        return send(**arguments)

    client.converse_stream = converse_stream
