"""A budget of AWS, in the templates: who is told, and who may tell."""

from typing import Any

import pytest

from stacks.settings.aws_budget import AwsBudgetSettings
from stacks.settings.environment import Settings
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize

OF_BUDGETS = {
    "ArnLike": {"aws:SourceArn": "arn:<AWS::Partition>:budgets::ACCOUNT:*"},
    "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
}


@pytest.fixture(scope="module")
def made(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    budget = AwsBudgetSettings(usd_per_month=300, at_percent=(50, 100))
    return synthesize(dev_settings.model_copy(update={"aws_budget": budget}))


def statements(policy: dict[str, Any], service: str) -> list[dict[str, Any]]:
    return [
        one
        for one in policy["Statement"]
        if one.get("Principal") == {"Service": f"{service}.amazonaws.com"}
    ]


def test_there_is_none_unless_a_setting_says_so(dev: Assembly) -> None:
    assert dev.everywhere("AWS::Budgets::Budget") == {}
    key = dev.only(dev.state, "AWS::KMS::Key")["Properties"]
    assert statements(key["KeyPolicy"], "budgets") == []


def test_it_tells_the_topic_at_each_share_and_when_more_is_foreseen(made: Assembly) -> None:
    budget = made.only(made.observability, "AWS::Budgets::Budget")["Properties"]
    assert budget["Budget"] == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 300, "Unit": "USD"},
    }
    told = [
        (one["Notification"], one["Subscribers"]) for one in budget["NotificationsWithSubscribers"]
    ]
    assert [(one["NotificationType"], one["Threshold"]) for one, _ in told] == [
        ("ACTUAL", 50),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    for notification, subscribers in told:
        assert notification["ComparisonOperator"] == "GREATER_THAN"
        assert notification["ThresholdType"] == "PERCENTAGE"
        [subscriber] = subscribers
        assert subscriber["SubscriptionType"] == "SNS"
        assert subscriber["Address"].startswith("<NoticesTopic")


def test_budgets_of_this_account_may_tell_the_topic_and_use_its_key(made: Assembly) -> None:
    policy = made.only(made.observability, "AWS::SNS::TopicPolicy", "Notices")["Properties"]
    [tell] = statements(policy["PolicyDocument"], "budgets")
    assert (tell["Action"], tell["Condition"]) == ("sns:Publish", OF_BUDGETS)
    key = made.only(made.state, "AWS::KMS::Key")["Properties"]
    [use] = statements(key["KeyPolicy"], "budgets")
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert use["Condition"] == OF_BUDGETS


def test_it_is_made_when_the_topic_lets_it_in(made: Assembly) -> None:
    [policy_id] = [
        logical_id
        for logical_id, one in made.observability["Resources"].items()
        if one["Type"] == "AWS::SNS::TopicPolicy" and logical_id.startswith("Notices")
    ]
    budget = made.only(made.observability, "AWS::Budgets::Budget")
    assert policy_id in budget["DependsOn"]
