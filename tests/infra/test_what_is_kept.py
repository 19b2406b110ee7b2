"""What outlives its stack with keep_data, what goes, and what a failed creation leaves."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cli.deployment.kinds import KINDS
from cli.deployment.stacks import ORDER
from stacks.names import StackId
from stacks.settings.environment import RequestLogSettings, Settings
from stacks.settings.network import CreatedNetwork, NetworkSettings
from stacks.settings.workflow import WorkflowSettings
from tests.infra.assembly import Assembly, Template
from tests.infra.conftest import Synthesize
from tests.infra.test_external_callers import CALLERS
from tests.infra.test_network_stack import OUTSIDE

#: What lets API Gateway write logs in the whole region, and versions that callers may still use.
RETAINED = {"AWS::IAM::Role", "AWS::ApiGateway::Account", "AWS::Lambda::Version"}


@pytest.fixture(scope="module", params=[False, True])
def everything(
    request: pytest.FixtureRequest, synthesize: Synthesize, dev_settings: Settings
) -> Assembly:
    changes: dict[str, Any] = {
        "keep_data": request.param,
        "request_log": RequestLogSettings(retention_days=30),
        "external_callers": CALLERS,
        "workflows": WorkflowSettings(durable=("wind-farm",)),
        "network": NetworkSettings(create=CreatedNetwork(), outside=OUTSIDE),
    }
    return synthesize(dev_settings.model_copy(update=changes))


def templates(assembly: Assembly) -> Iterator[tuple[str, Template]]:
    for file in sorted(assembly.folder.glob("*.template.json")):
        yield file.name.partition(".")[0], json.loads(file.read_text())


def test_data_is_kept_or_goes_and_a_failed_creation_leaves_none(everything: Assembly) -> None:
    policy = "RetainExceptOnCreate" if everything.settings.keep_data else "Delete"
    seen = set()
    for name, template in templates(everything):
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] in KINDS:
                seen.add(resource["Type"])
                assert resource["DeletionPolicy"] == policy, (name, logical_id)
            elif resource["Type"] not in RETAINED:
                assert resource.get("DeletionPolicy", "Delete") == "Delete", (name, logical_id)
    assert seen == set(KINDS)


def test_what_has_a_name_in_the_template_is_found_by_it(everything: Assembly) -> None:
    for _, template in templates(everything):
        for logical_id, resource in template["Resources"].items():
            kind = KINDS.get(resource["Type"])
            if kind is not None:
                named = kind.name is not None and kind.name in resource["Properties"]
                assert named is (kind.name is not None), logical_id


def test_every_stack_is_deployed_after_those_it_needs(everything: Assembly) -> None:
    artifacts = everything.manifest()["artifacts"]
    found = {name for name, _ in templates(everything)}
    assert found == set(ORDER) == set(StackId)
    for place, stack in enumerate(ORDER):
        needs = {one for one in artifacts[stack]["dependencies"] if one in found}
        assert needs <= set(ORDER[:place]), stack
