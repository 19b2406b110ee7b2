"""The log of requests and answers: there by setting, protected as other data, and only written."""

import pytest

from stacks.settings.environment import RequestLogSettings, Settings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.test_agents_stack import function
from tests.infra.test_roles import allow, items_of, permissions
from tradewind.contracts.environment import AgentEnvironment

LOG = RequestLogSettings(retention_days=400)


@pytest.fixture(scope="module")
def logging(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(dev_settings.model_copy(update={"request_log": LOG, "keep_data": True}))


def test_without_the_setting_there_is_none_of_it(dev: Assembly) -> None:
    assert dev.settings.request_log is None
    assert dev.all(dev.agents, "AWS::DynamoDB::Table") == []
    for agent in AGENTS:
        variables = function(dev, agent)["Environment"]["Variables"]
        assert not [name for name in variables if name.startswith("REQUEST_LOG")]
        assert AgentEnvironment.from_variables(variables).request_log_table is None


def test_its_table_is_as_well_kept_as_the_others(logging: Assembly) -> None:
    [table] = logging.all(logging.agents, "AWS::DynamoDB::Table")
    properties = table["Properties"]
    assert properties["KeySchema"] == [
        {"AttributeName": "owner_key", "KeyType": "HASH"},
        {"AttributeName": "entry", "KeyType": "RANGE"},
    ]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["SSEType"] == "KMS"
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert properties["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }
    assert properties["DeletionProtectionEnabled"]
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"


def test_every_agent_may_put_into_it_and_nobody_may_do_more(
    dev: Assembly, logging: Assembly
) -> None:
    for agent in AGENTS:
        more = permissions(logging, agent) - permissions(dev, agent)
        assert more == allow("dynamodb:PutItem", "<RequestLogTable.Arn>", items_of(agent))
        variables = function(logging, agent)["Environment"]["Variables"]
        read = AgentEnvironment.from_variables(variables)
        assert (read.request_log_table, read.request_log_days) == ("<RequestLogTable>", 400)
    for role in logging.all(logging.agents, "AWS::IAM::Role"):
        if "PutItem" not in str(role):
            assert "RequestLog" not in str(role)


def test_no_other_stack_holds_on_to_it(logging: Assembly) -> None:
    """What another stack imports could not be switched off."""
    for stack in (logging.state, logging.api, logging.observability):
        assert "RequestLogTable" not in str(stack)
