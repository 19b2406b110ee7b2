"""Which models the account can invoke, by inference profile."""

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tradewind.api.door import Door
from tradewind.api.http import Answer, Request
from tradewind.api.routing import Route
from tradewind.contracts.errors import ModelAccessDenied, ModelUnavailable

_DENIED: Final = "AccessDeniedException"


def list_models(door: Door, _request: Request) -> Answer:
    """Tell the models, those that the agents use first.

    Raises:
        ModelAccessDenied: The API may not ask.
        ModelUnavailable: The service did not tell.
    """
    used = door.environment.model_id
    try:
        found = {**dict(_profiles(door)), **dict(_on_demand(door))}
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == _DENIED:
            raise ModelAccessDenied("The API may not ask which models there are.") from error
        raise ModelUnavailable(f"The model service did not tell its models: {code}.") from error
    except BotoCoreError as error:
        kind = type(error).__name__
        raise ModelUnavailable(f"The model service could not be reached: {kind}.") from error
    models = [
        {"id": model, "name": name, "used": used == model or used.endswith(f"/{model}")}
        for model, name in found.items()
    ]
    models.sort(key=lambda one: (not one["used"], one["id"]))
    return Answer(200, {"models": models})


def _profiles(door: Door) -> Iterator[tuple[str, str]]:
    """The inference profiles of AWS's making, and the account's own."""
    for kind in ("SYSTEM_DEFINED", "APPLICATION"):
        query: dict[str, Any] = {"typeEquals": kind, "maxResults": 100}
        while True:
            page = door.bedrock.list_inference_profiles(**query)
            for one in page["inferenceProfileSummaries"]:
                if one["status"] == "ACTIVE":
                    yield one["inferenceProfileId"], one["inferenceProfileName"]
            if not page.get("nextToken"):
                break
            query["nextToken"] = page["nextToken"]


def _on_demand(door: Door) -> Iterator[tuple[str, str]]:
    """Models that answer in words, and need no profile."""
    page = door.bedrock.list_foundation_models(byOutputModality="TEXT", byInferenceType="ON_DEMAND")
    for one in page["modelSummaries"]:
        yield one["modelId"], one.get("modelName", one["modelId"])


ROUTES: Final = (
    Route(
        "GET",
        "/models",
        "listModels",
        "The models that the account can invoke, those in use first",
        list_models,
        {200: "Models"},
        problems=(ModelAccessDenied, ModelUnavailable),
    ),
)
