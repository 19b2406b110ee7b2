"""The API keeps the word of its own document, whatever it is asked."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from tests.integration.api.gateway import as_wsgi
from tests.integration.api.world import World, install
from tradewind.api.routes import ROUTES

#: Cases of each operation and kind, right and wrong ones; more of what has a body.
CASES: Final = 60
CASES_WITH_BODY: Final = 850
load_all_checks()
PROMISES: Final = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
        "negative_data_rejection",
    ]
)


class _Models:
    def list_inference_profiles(self, **_query: Any) -> dict[str, Any]:
        one = {
            "inferenceProfileId": "us.anthropic.claude-sonnet-4-6",
            "inferenceProfileName": "Sonnet",
            "status": "ACTIVE",
        }
        return {"inferenceProfileSummaries": [one]}

    def list_foundation_models(self, **_query: Any) -> dict[str, Any]:
        return {"modelSummaries": [{"modelId": "amazon.nova-lite-v1:0", "modelName": "Nova"}]}


@dataclass
class Api:
    """The document as it is served, on an API whose agent answers at once; and what was asked."""

    schema: Any
    known: str
    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    def ask(self, case: Any) -> None:
        self.cases += 1
        response = case.call()
        self.statuses[response.status_code] += 1
        case.validate_response(response, checks=PROMISES)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch:
        world = World()
        install(patch, world)
        world.door.__dict__["bedrock"] = _Models()
        logging.disable(logging.CRITICAL)
        told = world.call(headers={"Idempotency-Key": "known"})
        assert told is not None
        app, signed = as_wsgi(world.handle), {"Authorization": "AWS4-HMAC-SHA256 ..."}
        schema = schemathesis.openapi.from_wsgi("/openapi.json", app, headers=signed)
        yield Api(schema, told[1]["id"])
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.described], ids=lambda route: route.name
)
def test_every_answer_is_as_documented(api: Api, route: Any, mode: GenerationMode) -> None:
    operation = api.schema[route.path][route.method]
    if mode is GenerationMode.NEGATIVE and not (route.parameters or route.body or route.headers):
        pytest.skip("there is nothing to ask wrongly")
    there: dict[str, Any] = {}
    if "agent" in route.parameters:
        there = {"path_parameters": {"agent": "layout"}}  # it is the rest that is right or wrong
    elif mode is GenerationMode.POSITIVE and "id" in route.parameters:
        there = {"path_parameters": {"id": api.known}}

    @seed(9)
    @settings(
        max_examples=CASES_WITH_BODY if route.body else CASES,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(case=operation.as_strategy(generation_mode=mode, **there))
    def asked(case: Any) -> None:
        api.ask(case)

    asked()


def test_enough_was_asked_and_answered_in_every_way(api: Api) -> None:
    """The last test here."""
    print(f"{api.cases} cases: {dict(api.statuses)}")
    assert api.cases >= 2000
    assert {200, 202, 400, 403, 404, 422} <= set(api.statuses)
