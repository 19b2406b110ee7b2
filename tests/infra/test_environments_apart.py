"""What an environment allows by the beginning of a name is never what another environment's has."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from stacks import names
from stacks.settings.environment import Settings
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize


def texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from texts(one)
        case dict():
            for one in value.values():
                yield from texts(one)


def every_text(assembly: Assembly) -> set[str]:
    templates = {
        "Workflows": json.loads((assembly.folder / "Workflows.template.json").read_text())
        if (assembly.folder / "Workflows.template.json").exists()
        else {},
        "State": assembly.state,
        "Agents": assembly.agents,
        "Api": assembly.api,
        "Observability": assembly.observability,
    }
    return {
        text
        for template in templates.values()
        for text in texts(assembly.spell(assembly.state, template))
    }


def name_of(text: str) -> str:
    """The resource that an ARN is of, by its name; any other text as it is."""
    if not text.startswith("arn:"):
        return text
    resource = text.split(":", 5)[5]
    return re.sub(
        r"^(log-group|alarm|function):|^(runtime|workload-identity-directory)/", "", resource
    )


@pytest.fixture(scope="module")
def dev_eu(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(dev_settings.model_copy(update={"environment": "dev-eu"}))


def test_no_pattern_of_an_environment_takes_in_a_name_of_one_that_is_called_alike(
    dev: Assembly, dev_eu: Assembly
) -> None:
    patterns = {name_of(text) for text in every_text(dev) if "*" in text and "dev" in text}
    assert {"tradewind-dev-*", "/aws/lambda/tradewind-dev-*"} <= patterns
    own = {name_of(text) for text in every_text(dev)}
    others = {name_of(text) for text in every_text(dev_eu)}
    assert "tradewind-dev_eu-terrain" in others
    for pattern in patterns:
        taken = [name for name in others - own if fnmatchcase(name, pattern)]
        assert not taken, f"{pattern} takes in {taken[0]}"


@pytest.mark.parametrize(
    "begins",
    [
        names.resource_prefix,
        names.log_group_prefix,
        names.access_log_prefix,
        names.runtime_log_prefix,
        lambda environment: names.runtime_name(environment, ""),
    ],
)
def test_no_beginning_is_another_ones(begins: Any) -> None:
    environments = ["prod", "prod-eu", "prod-e", "pro", "prod1", "prod-eu-1", "p"]
    beginnings = [begins(environment) for environment in environments]
    assert len(set(beginnings)) == len(environments)
    for one in beginnings:
        assert [other for other in beginnings if other.startswith(one)] == [one]
