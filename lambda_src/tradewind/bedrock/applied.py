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
        client: Its ``converse`` and ``converse_stream`` are replaced by ones that add to the
            arguments.
        environment: With the guardrail, and the profile that stands for its model.
    """
    if environment.application_profile is None and environment.guardrail is None:
        return
    for name in ("converse", "converse_stream"):
        send = getattr(client, name, None)
        if send is not None:  # a bundle has the operations that its framework uses
            setattr(client, name, _applying(send, environment))


def _applying(
    send: Callable[..., dict[str, Any]], environment: ModelEnvironment
) -> Callable[..., dict[str, Any]]:
    profile, guardrail = environment.application_profile, environment.guardrail

    @wraps(send)
    def call(**arguments: Any) -> dict[str, Any]:
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

    return call
