"""What `tradewind deploy` asks an account first, and that what it warns of would really fail."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from cli import account
from cli.account import Place
from cli.deployment.needs import Needs
from cli.deployment.preflight import Finding, check_account, require_room
from cli.errors import CommandError
from devtools.localcloud import LocalCloud, Running
from devtools.localcloud.account import FILE
from stacks.settings.environment import Settings
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS
from tests.integration.localcloud.conftest import Client, clients_for, package, role

CONFIG: Final = Path(__file__).parents[3] / "config"
PARAMETER: Final = "/cdk-bootstrap/hnb659fds/version"
MODEL: Final = "anthropic.claude-sonnet-4-6"
NEW: Final = {"concurrent_executions": 10, "function_memory_mb": 3008}

#: What the questions need; docs/before-deploying.md has them, too.
ACTIONS: Final = [
    "ssm:GetParameter",
    "lambda:GetAccountSettings",
    "lambda:GetFunctionConcurrency",
    "lambda:UpdateFunctionConfiguration",
    "cloudformation:DescribeStacks",
    "iam:GetAccountSummary",
    "bedrock:ListInferenceProfiles",
    "bedrock:GetFoundationModelAvailability",
]

Says = Callable[..., None]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Running]]:
    """A server whose account is changed here."""
    home = tmp_path_factory.mktemp("preflight")
    local_cloud = LocalCloud(home)
    running = local_cloud.up()
    yield home, running
    local_cloud.down()


@pytest.fixture
def clients(own: tuple[Path, Running]) -> Client:
    running = own[1]
    of_the_stand_in = clients_for(replace(running, endpoint_url=running.bedrock_endpoint_url))
    everything_else = clients_for(running)
    return lambda service: (of_the_stand_in if service == "bedrock" else everything_else)(service)


@pytest.fixture
def says(own: tuple[Path, Running]) -> Iterator[Says]:
    """Sets what the account may have, until the test ends."""
    file = own[0] / FILE

    def write(**limits: Any) -> None:
        file.write_text(json.dumps(limits))

    yield write
    file.unlink(missing_ok=True)


@pytest.fixture
def bootstrapped(clients: Client) -> Iterator[None]:
    clients("ssm").put_parameter(Name=PARAMETER, Value="21", Type="String", Overwrite=True)
    yield
    clients("ssm").delete_parameter(Name=PARAMETER)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings("dev", CONFIG, AGENTS)


def needs(**changed: Any) -> Needs:
    asked: dict[str, Any] = {
        "bootstrap_parameter": PARAMETER,
        "bootstrap_version": 6,
        "memory_mb": {"tradewind-dev-a": 3072, "tradewind-dev-b": 512},
        "reserved": {},
        "roles": {"Tradewind-dev-Agents": 3},
        "package_bytes": 1_000_000,
    }
    return Needs(**asked | changed)


def found(
    clients: Client, settings: Settings, running: Running, asked: Needs | None = None
) -> list[Finding]:
    place = Place(running.account_id, "arn:aws:iam::000000000000:user/operator", running.region)
    return check_account(settings, place, asked or needs(), clients, clients)


def lines(findings: list[Finding]) -> list[str]:
    for one in findings:
        assert "\n" not in one.line
    return [one.line for one in findings]


def make_function(clients: Client, name: str, **more: Any) -> None:
    made = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    clients("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="main.handler",
        Role=made["Role"]["Arn"],
        Code={"ZipFile": package(**{"main.py": "def handler(event, context): ..."})},
        **more,
    )


TRUST: Final = json.dumps(role()["Properties"]["AssumeRolePolicyDocument"])


@pytest.mark.usefixtures("bootstrapped")
def test_an_account_in_use_for_long_takes_it(
    clients: Client, settings: Settings, own: tuple[Path, Running]
) -> None:
    assert found(clients, settings, own[1], needs(reserved={"tradewind-dev-a": 900})) == []


def test_a_bootstrap_that_lacks_or_is_too_old_is_told_with_the_command(
    clients: Client, settings: Settings, own: tuple[Path, Running]
) -> None:
    ready = "`npx cdk bootstrap aws://000000000000/us-east-1`"
    where = "account 000000000000, us-east-1"
    assert lines(found(clients, settings, own[1])) == [
        f"The CDK has not been made ready in {where}: {ready} does it, once."
    ]
    clients("ssm").put_parameter(Name=PARAMETER, Value="5", Type="String")
    assert lines(found(clients, settings, own[1])) == [
        f"The CDK's bootstrap in {where} has version 5, and this app needs 6: {ready} brings it up "
        "to date."
    ]
    clients("ssm").put_parameter(Name=PARAMETER, Value="6", Type="String", Overwrite=True)
    assert found(clients, settings, own[1]) == []
    clients("ssm").delete_parameter(Name=PARAMETER)


@pytest.mark.usefixtures("bootstrapped")
def test_a_new_account_is_told_and_refuses_just_that(
    clients: Client, settings: Settings, own: tuple[Path, Running], says: Says
) -> None:
    says(**NEW)
    concurrency, memory = found(
        clients, settings, own[1], needs(reserved={"tradewind-dev-a": 1, "tradewind-dev-b": 2})
    )
    assert concurrency.line.startswith(
        "The functions reserve 3 executions, and account 000000000000, us-east-1 has 0 to reserve "
        "(of 10, with 0 reserved by others): lower reserved_concurrency, set "
    )
    assert "--quota-code L-B99A9384 --desired-value 1003`" in concurrency.line
    assert memory.line == (
        "tradewind-dev-a have up to 3072 MB of memory, and account 000000000000, us-east-1 gives a "
        "function 3008 MB at most: functions: {memory_mb: 3008} in config/dev.yaml makes them fit, "
        "or AWS Support raises it (Lambda, function memory)."
    )
    assert concurrency.stops
    assert memory.stops
    assert found(clients, settings, own[1], needs(memory_mb={"tradewind-dev-a": 3008})) == []

    with pytest.raises(ClientError, match="Member must have value less than or equal to 3008"):
        make_function(clients, "large", MemorySize=3009)
    make_function(clients, "small", MemorySize=3008)
    with pytest.raises(ClientError, match="less than or equal to 3008"):
        clients("lambda").update_function_configuration(FunctionName="small", MemorySize=3072)
    with pytest.raises(ClientError, match=r"below its minimum value of \[10\]"):
        clients("lambda").put_function_concurrency(
            FunctionName="small", ReservedConcurrentExecutions=1
        )


@pytest.mark.usefixtures("bootstrapped")
def test_what_is_deployed_already_gives_back_what_it_has(
    clients: Client, settings: Settings, own: tuple[Path, Running], says: Says
) -> None:
    says(concurrent_executions=1_000)
    make_function(clients, "others")
    make_function(clients, "tradewind-dev-a")
    reserve = clients("lambda").put_function_concurrency
    reserve(FunctionName="others", ReservedConcurrentExecutions=500)
    reserve(FunctionName="tradewind-dev-a", ReservedConcurrentExecutions=400)
    with pytest.raises(ClientError, match=r"below its minimum value of \[100\]"):
        reserve(FunctionName="tradewind-dev-a", ReservedConcurrentExecutions=401)

    reserve(FunctionName="tradewind-dev-a", ReservedConcurrentExecutions=400)

    assert found(clients, settings, own[1], needs(reserved={"tradewind-dev-a": 400})) == []
    [told] = lines(found(clients, settings, own[1], needs(reserved={"tradewind-dev-a": 401})))
    assert "has 400 to reserve (of 1000, with 500 reserved by others)" in told
    for name in ("others", "tradewind-dev-a"):
        clients("lambda").delete_function(FunctionName=name)


@pytest.mark.usefixtures("bootstrapped")
def test_an_account_without_certainty_about_memory_is_told_and_not_stopped(
    clients: Client, settings: Settings, own: tuple[Path, Running], says: Says
) -> None:
    says(concurrent_executions=50)
    [told] = found(clients, settings, own[1])
    assert "has fewer than 1000 executions, as new accounts have" in told.line
    assert not told.stops


@pytest.mark.usefixtures("bootstrapped")
def test_no_room_for_packages_or_roles_is_told(
    clients: Client, settings: Settings, own: tuple[Path, Running], says: Says
) -> None:
    roles = clients("iam").get_account_summary()["SummaryMap"]["Roles"]
    says(code_bytes=900_000, roles=roles + 2)
    findings = found(clients, settings, own[1])
    # Packages that did not change take no more room.
    assert [one.stops for one in findings] == [False, True]
    packages, of_roles = lines(findings)
    assert packages.startswith("The functions' packages have 1 MB, and account 000000000000, us-")
    assert of_roles.startswith(
        "The stacks make 3 roles, and account 000000000000 has room for 2 more (of "
    )
    clients("iam").create_role(RoleName="last-but-one", AssumeRolePolicyDocument=TRUST)
    clients("iam").create_role(RoleName="last", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match="Cannot exceed quota for RolesPerAccount"):
        clients("iam").create_role(RoleName="one-more", AssumeRolePolicyDocument=TRUST)


@pytest.mark.usefixtures("bootstrapped")
def test_a_stack_that_is_there_has_its_roles(
    clients: Client, settings: Settings, own: tuple[Path, Running], says: Says
) -> None:
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    clients("cloudformation").create_stack(
        StackName="Tradewind-dev-Agents", TemplateBody=json.dumps(topic)
    )
    clients("cloudformation").get_waiter("stack_create_complete").wait(
        StackName="Tradewind-dev-Agents"
    )
    says(roles=clients("iam").get_account_summary()["SummaryMap"]["Roles"])
    assert found(clients, settings, own[1]) == []
    clients("cloudformation").delete_stack(StackName="Tradewind-dev-Agents")


@pytest.mark.usefixtures("bootstrapped")
def test_a_model_that_nobody_agreed_to_is_told_and_refused(
    clients: Client, settings: Settings, own: tuple[Path, Running], says: Says
) -> None:
    says(models_without_access=[MODEL])
    assert lines(found(clients, settings, own[1])) == [
        f"The account may not use {MODEL} yet (agreement NOT_AVAILABLE, entitlement "
        "NOT_AVAILABLE): somebody has to accept its terms once, in the model's page of the Bedrock "
        "console in us-east-1."
    ]
    running = own[1]
    bedrock = clients_for(replace(running, endpoint_url=running.bedrock_endpoint_url))
    ask: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
    with pytest.raises(ClientError, match="You don't have access to the model"):
        bedrock("bedrock-runtime").converse(modelId=settings.model.id, **ask)
    says()
    assert bedrock("bedrock-runtime").converse(modelId=settings.model.id, **ask)


@pytest.mark.usefixtures("bootstrapped")
def test_a_profile_that_the_region_does_not_have_is_told_with_those_it_has(
    clients: Client, settings: Settings, own: tuple[Path, Running]
) -> None:
    unknown = {"id": "us.anthropic.claude-nobody-knows", "destinations": ("us-east-1",)}
    other = settings.model_copy(update={"model": settings.model.model_copy(update=unknown)})
    profile, foundation = lines(found(clients, other, own[1]))
    assert profile.startswith(
        "Bedrock has no inference profile us.anthropic.claude-nobody-knows in us-east-1; those of "
        "that provider there are: global.anthropic.claude-"
    )
    assert foundation == (
        "Bedrock does not know the model anthropic.claude-nobody-knows in us-east-1. Name another."
    )


@pytest.mark.usefixtures("bootstrapped")
@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("amazon.nova-lite-v1:0", ["access to the model"]),
        (f"us.{MODEL}", ["the model's profile", "access to the model"]),
        ("arn:aws:bedrock:us-east-1:000000000000:provisioned-model/abcdefghijkl", []),
    ],
)
def test_each_kind_of_model_is_asked_for_what_it_has(
    clients: Client,
    settings: Settings,
    own: tuple[Path, Running],
    model: str,
    asked: list[str],
) -> None:
    other = settings.model_copy(
        update={"model": settings.model.model_copy(update={"id": model, "destinations": None})}
    )
    assert found(clients, other, own[1]) == []
    questions: list[str] = []

    def counted(service: str) -> Any:
        if service == "bedrock":
            questions.append(service)
        return clients(service)

    found(counted, other, own[1])
    assert len(questions) == len(asked)


@pytest.mark.usefixtures("bootstrapped")
def test_what_nobody_may_ask_is_told_and_stops_nothing(
    clients: Client, settings: Settings, own: tuple[Path, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = own[1]
    clients("iam").create_user(UserName="modest")
    key = clients("iam").create_access_key(UserName="modest")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    modest = clients_for(running, **keys)
    of_the_stand_in = clients_for(
        replace(running, endpoint_url=running.bedrock_endpoint_url), **keys
    )

    def as_the_user(service: str) -> Any:
        return (of_the_stand_in if service == "bedrock" else modest)(service)

    findings = found(as_the_user, settings, running, needs(reserved={"tradewind-dev-a": 1}))
    assert len(findings) == 7
    assert all(one.line.startswith("The account does not say ") for one in findings)
    assert not any(one.stops for one in findings)

    # With each of these named, and nothing else, the account says all of it.
    clients("iam").put_user_policy(
        UserName="modest",
        PolicyName="questions",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}],
            }
        ),
    )
    assert found(as_the_user, settings, running, needs(reserved={"tradewind-dev-a": 1})) == []
    clients("iam").delete_user_policy(UserName="modest", PolicyName="questions")

    said: list[str] = []
    monkeypatch.setattr("cli.deployment.preflight.clients_in", lambda _region: as_the_user)
    monkeypatch.setattr(
        "cli.deployment.preflight.read_needs",
        lambda _assembly: needs(reserved={"tradewind-dev-a": 1}),
    )
    place = Place(running.account_id, "arn", running.region)
    require_room(settings, place, Path("nowhere"), said.append)
    assert said == lines(findings)


def test_what_is_in_the_way_stops_the_deployment(
    clients: Client, settings: Settings, own: tuple[Path, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.deployment.preflight.clients_in", lambda _region: clients)
    monkeypatch.setattr("cli.deployment.preflight.read_needs", lambda _assembly: needs())
    place = Place(own[1].account_id, "arn", own[1].region)
    with pytest.raises(CommandError) as refused:
        require_room(settings, place, Path("nowhere"), print)
    first, last = str(refused.value).splitlines()
    assert first.startswith("The CDK has not been made ready in ")
    assert last == "Nothing was deployed."
    assert account.clients_in(own[1].region)("sts") is not None


def test_a_stacks_function_keeps_to_the_accounts_limits(
    clients: Client, own: tuple[Path, Running], says: Says
) -> None:
    says(**NEW)
    properties = {
        "FunctionName": "stacked",
        "Runtime": "python3.12",
        "Handler": "main.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": "def handler(event, context): ..."},
        "MemorySize": 3072,
    }
    template = {
        "Resources": {
            "Role": role(),
            "Function": {"Type": "AWS::Lambda::Function", "Properties": properties},
        }
    }
    stacks = clients("cloudformation")
    stacks.create_stack(
        StackName="large",
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_IAM"],
        OnFailure="DELETE",
    )
    reasons: list[str] = []
    with pytest.raises(Exception, match="Waiter"):
        stacks.get_waiter("stack_create_complete").wait(
            StackName="large", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
    for event in stacks.describe_stack_events(StackName="large")["StackEvents"]:
        reasons.append(event.get("ResourceStatusReason", ""))
    assert any("less than or equal to 3008" in reason for reason in reasons)


@pytest.mark.parametrize(
    "text",
    ["[]", "no JSON", '{"memory": 1}', '{"roles": "many"}', '{"models_without_access": "all"}'],
)
def test_a_file_that_says_something_else_is_no_account(
    clients: Client, own: tuple[Path, Running], text: str
) -> None:
    (own[0] / FILE).write_text(text)
    try:
        with pytest.raises(ClientError):
            clients("lambda").get_account_settings()
    finally:
        (own[0] / FILE).unlink()
