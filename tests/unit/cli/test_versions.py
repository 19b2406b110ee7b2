"""``tradewind versions`` and ``rollback``: what they move, and what they refuse to move."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import __main__ as command
from cli.errors import CommandError
from cli.version_upkeep import prune_all, refuse_moved
from cli.versions import Versions
from stacks.settings.deployment import DeploymentSettings
from stacks.settings.environment import Settings
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS
from tests.infra.conftest import ROOT

DEPLOYED = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::111122223333:role/tradewind-{}"
PROFILE = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/"


class Account:
    """Lambda, CloudFormation, CodeDeploy and IAM as far as versions go."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, Any]] = {}
        self.updated: datetime | None = DEPLOYED
        self.status = "UPDATE_COMPLETE"
        self.granted = ["us.new", "us.old"]
        self.deployments: list[str] = []
        self.stopped: list[tuple[str, bool]] = []
        self.moved: list[tuple[str, str]] = []
        self.raced = False

    def has(self, name: str, live: int, versions: list[int], *, old: int = 0) -> None:
        """A function; those of its versions up to ``old`` were there before the deployment."""
        self.functions[name] = {
            "live": live,
            "put": str(live),
            "shares": {},
            "versions": {
                number: DEPLOYED + timedelta(minutes=1 if number > old else -60 * (99 - number))
                for number in versions
            },
        }

    # What boto3's clients do.

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self, operation)

    def list_stack_resources(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        if StackName != "Tradewind-prod-Agents":
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "List")
        found = []
        for name, function in self.functions.items():
            arn = f"arn:aws:lambda:us-east-1:111122223333:function:tradewind-prod-{name}"
            newest = max(function["versions"])
            rows = [
                (f"{name}Fn", "AWS::Lambda::Function", f"tradewind-prod-{name}"),
                (f"{name}V", "AWS::Lambda::Version", f"{arn}:{newest}"),
                (f"{name}Live", "AWS::Lambda::Alias", f"{arn}:live"),
                (f"{name}Beta", "AWS::Lambda::Alias", f"{arn}:beta"),
            ]
            found += [
                {"LogicalResourceId": one, "ResourceType": kind, "PhysicalResourceId": physical}
                for one, kind, physical in rows
            ]
        return {"StackResourceSummaries": found}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName == "Tradewind-prod-Agents"
        stack = {"StackStatus": self.status, "LastUpdatedTime": self.updated}
        return {"Stacks": [{name: value for name, value in stack.items() if value}]}

    def get_template(self, StackName: str, TemplateStage: str) -> dict[str, Any]:  # noqa: N803
        assert (StackName, TemplateStage) == ("Tradewind-prod-Agents", "Processed")
        resources = {
            f"{name}Live": {"Properties": {"FunctionVersion": function["put"]}}
            for name, function in self.functions.items()
        }
        return {"TemplateBody": {"Resources": resources}}

    def _alias(self, name: str) -> dict[str, Any]:
        function = self.functions[name.removeprefix("tradewind-prod-")]
        alias: dict[str, Any] = {
            "Name": "live",
            "FunctionVersion": str(function["live"]),
            "RevisionId": "r1",
        }
        if function["shares"]:
            alias["RoutingConfig"] = {"AdditionalVersionWeights": function["shares"]}
        return alias

    def get_alias(self, FunctionName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        assert Name == "live"
        return self._alias(FunctionName)

    def list_aliases(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        beta = {"Name": "beta", "FunctionVersion": "2"}
        return {"Aliases": [beta, self._alias(FunctionName)]}

    def list_versions_by_function(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        name = FunctionName.removeprefix("tradewind-prod-")
        model = {"TRADEWIND_AGENT": name, "BEDROCK_REGION": "us-east-1"}
        return {
            "Versions": [
                {"Version": "$LATEST", "LastModified": "2026-11-27T09:01:00.000+0000"},
                *(
                    {
                        "Version": str(number),
                        "LastModified": made.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
                        "Role": ROLE.format(name),
                        "Environment": {
                            "Variables": {
                                **model,
                                "BEDROCK_MODEL_ID": "us.old" if number < 8 else "us.new",
                            }
                        },
                    }
                    for number, made in self.functions[name]["versions"].items()
                ),
            ]
        }

    def update_alias(self, **told: str) -> None:
        if self.raced or told["RevisionId"] != "r1":
            raise ClientError(
                {"Error": {"Code": "PreconditionFailedException", "Message": "stale"}}, "Update"
            )
        name = told["FunctionName"].removeprefix("tradewind-prod-")
        assert told["Name"] == "live"
        self.functions[name]["live"] = int(told["FunctionVersion"])
        self.moved.append((name, told["FunctionVersion"]))

    def delete_function(self, FunctionName: str, Qualifier: str) -> None:  # noqa: N803
        # Without a qualifier the function itself would go.
        versions = self.functions[FunctionName.removeprefix("tradewind-prod-")]["versions"]
        del versions[int(Qualifier)]

    def list_role_policies(self, RoleName: str) -> dict[str, Any]:  # noqa: N803
        assert RoleName.startswith("tradewind-")
        return {"PolicyNames": ["Logs", "Model"]}

    def get_role_policy(self, RoleName: str, PolicyName: str) -> dict[str, Any]:  # noqa: N803
        assert RoleName
        if PolicyName == "Logs":
            statement: dict[str, Any] = {
                "Effect": "Allow",
                "Action": "logs:PutLogEvents",
                "Resource": "*",
            }
        else:
            statement = {
                "Effect": "Allow",
                "Action": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
                "Resource": [f"{PROFILE}{model}" for model in self.granted],
            }
        return {"PolicyDocument": {"Statement": [statement]}}

    def list_deployments(self, **asked: Any) -> dict[str, Any]:
        assert asked["applicationName"] == "tradewind-prod"
        assert asked["deploymentGroupName"] == "terrain"
        return {"deployments": self.deployments}

    def stop_deployment(self, deploymentId: str, autoRollbackEnabled: bool) -> None:  # noqa: N803
        self.stopped.append((deploymentId, autoRollbackEnabled))


class Pages:
    """One page of whatever a paginator is for."""

    def __init__(self, account: Account, operation: str) -> None:
        self.account = account
        self.operation = operation

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        yield getattr(self.account, self.operation)(**asked)


class Person:
    """Runs commands."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.patch = patch
        self.captured = captured

    def runs(self, *words: str) -> tuple[int, str, str]:
        self.patch.setattr("sys.argv", ["tradewind", *words, "--env", "prod"])
        with pytest.raises(SystemExit) as end:
            command.main()
        said = self.captured.readouterr()
        return int(end.value.code or 0), said.out, said.err


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    monkeypatch.setattr("boto3.client", lambda _service, region_name: account)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return account


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Person:
    return Person(monkeypatch, capsys)


@pytest.fixture
def prod() -> Settings:
    return load_settings("prod", ROOT / "config", AGENTS)


def test_live_goes_back_to_the_version_before(account: Account, person: Person) -> None:
    account.has("terrain", 9, [2, 7, 8, 9])
    account.has("layout", 4, [3, 4])
    assert person.runs("rollback", "terrain") == (0, "terrain: live was version 9, is 8.\n", "")
    assert account.moved == [("terrain", "8")]


def test_twice_goes_back_twice(account: Account, person: Person) -> None:
    account.has("terrain", 9, [2, 7, 8, 9])
    person.runs("rollback", "terrain")
    assert person.runs("rollback", "terrain")[1] == "terrain: live was version 8, is 7.\n"


def test_to_a_version_goes_there_and_forward_again(account: Account, person: Person) -> None:
    account.has("terrain", 9, [2, 7, 8, 9])
    assert person.runs("rollback", "terrain", "--to", "7")[0] == 0
    status, out, _ = person.runs("rollback", "terrain", "--to", "9", "--json")
    assert status == 0
    assert json.loads(out) == {
        "environment": "prod",
        "functions": [{"function": "terrain", "before": 7, "after": 9, "stopped": None}],
    }
    assert person.runs("rollback", "terrain", "--to", "9")[1] == (
        "terrain: live is version 9 already.\n"
    )
    assert account.moved == [("terrain", "7"), ("terrain", "9")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("terrain", "--to", "99"), "terrain has no version 99; those there are: 9, 8, 7, 2."),
        # Deleted versions leave gaps.
        (("terrain", "--to", "5"), "terrain has no version 5; those there are: 9, 8, 7, 2."),
        (("layout",), "layout has no version before 1; those there are: 1."),
        (("nobody",), "prod has no function nobody with versions; those it has: terrain, layout."),
    ],
)
def test_a_version_that_is_not_there_is_refused(
    account: Account, person: Person, words: tuple[str, ...], said: str
) -> None:
    account.has("terrain", 9, [2, 7, 8, 9])
    account.has("layout", 1, [1])
    status, _, err = person.runs("rollback", *words)
    assert (status, account.moved) == (1, [])
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_version_whose_model_is_not_granted_any_more_is_refused(
    account: Account, person: Person
) -> None:
    account.has("terrain", 9, [7, 8, 9])
    account.granted = ["us.new"]
    status, _, err = person.runs("rollback", "terrain", "--to", "7")
    assert (status, account.moved) == (1, [])
    assert "Version 7 of terrain calls us.old, and its role may not any more." in err
    assert person.runs("rollback", "terrain")[0] == 0


def test_nobodys_change_is_overwritten(account: Account, person: Person) -> None:
    account.has("terrain", 9, [8, 9])
    account.raced = True
    status, _, err = person.runs("rollback", "terrain")
    assert status == 1
    assert "`live` of terrain could not be moved: PreconditionFailedException" in err


def test_without_an_agent_what_the_last_deployment_brought_goes_back(
    account: Account, person: Person
) -> None:
    account.has("terrain", 9, [7, 8, 9], old=8)
    account.has("layout", 4, [3, 4], old=4)
    account.has("report", 6, [5, 6], old=5)
    assert person.runs("rollback")[1].splitlines() == [
        "terrain: live was version 9, is 8.",
        "report: live was version 6, is 5.",
    ]
    # Again, nothing that is live came with it.
    status, _, err = person.runs("rollback")
    assert status == 1
    assert "Nothing of prod that came with the last deployment can go back." in err


def test_a_function_that_the_deployment_made_stays(account: Account, person: Person) -> None:
    account.has("layout", 1, [1])
    account.has("terrain", 9, [7, 8, 9], old=8)
    status, out, err = person.runs("rollback")
    assert (status, out) == (0, "terrain: live was version 9, is 8.\n")
    assert err == "layout: version 1 is its first; it stays.\n"


def test_one_that_could_not_call_its_model_keeps_all_from_going_back(
    account: Account, person: Person
) -> None:
    account.has("layout", 9, [8, 9], old=8)
    account.has("terrain", 8, [7, 8], old=7)
    account.granted = ["us.new"]
    status, _, err = person.runs("rollback")
    assert (status, account.moved) == (1, [])
    assert "Version 7 of terrain calls us.old" in err


def test_to_without_an_agent_is_wrong_usage(account: Account, person: Person) -> None:
    account.has("terrain", 9, [8, 9])
    status, _, err = person.runs("rollback", "--to", "8")
    assert (status, account.moved) == (2, [])
    assert "--to N is a version of one function" in err


def test_a_deployment_under_way_is_stopped_and_takes_its_requests_back(
    account: Account, person: Person
) -> None:
    account.has("terrain", 8, [7, 8, 9])
    account.functions["terrain"]["shares"] = {"9": 0.1}
    account.deployments = ["d-1"]
    status, out, _ = person.runs("rollback", "terrain")
    assert (status, account.stopped, account.moved) == (0, [("d-1", True)], [])
    assert "deployment d-1 is stopped; its requests go back to version 8" in out
    status, _, err = person.runs("rollback", "terrain", "--to", "7")
    assert (status, account.moved) == (1, [])
    assert "A deployment of terrain is under way." in err


def test_a_shared_alias_that_nobody_shifts_is_left_to_a_person(
    account: Account, person: Person
) -> None:
    account.has("terrain", 8, [8, 9])
    account.functions["terrain"]["shares"] = {"9": 0.1}
    status, _, err = person.runs("rollback", "terrain")
    assert (status, account.moved) == (1, [])
    assert "`live` of terrain is shared by 8 and 9, and no deployment is under way." in err


def test_versions_are_listed_with_the_one_that_is_live(account: Account, person: Person) -> None:
    account.has("terrain", 8, [7, 8, 9])
    account.functions["terrain"]["shares"] = {"9": 0.1}
    _, out, _ = person.runs("versions", "terrain")
    marks = [line.split()[1:3] for line in out.splitlines()]
    assert marks[0] == ["9", "10"]
    assert marks[1] == ["8", "live"]
    assert [line.split()[-1] for line in out.splitlines()] == ["us.new", "us.new", "us.old"]
    told = json.loads(person.runs("versions", "--json")[1])
    [function] = told["functions"]
    assert (function["live"], function["shares"]) == (8, {"9": 0.1})
    assert [one["version"] for one in function["versions"]] == [9, 8, 7]


def test_the_oldest_go_and_none_that_an_alias_names(account: Account, person: Person) -> None:
    # The alias `beta` names 2, and `live` was gone back to 3.
    account.has("terrain", 3, [1, 2, 3, 4, 5, 6, 7, 8, 9])
    _, out, _ = person.runs("versions", "terrain", "--prune", "--json")
    [function] = json.loads(out)["functions"]
    assert function["deleted"] == [4, 1]
    assert list(account.functions["terrain"]["versions"]) == [2, 3, 5, 6, 7, 8, 9]


def test_a_version_that_gets_a_part_of_the_requests_stays(account: Account) -> None:
    account.has("terrain", 9, [1, 3, 5, 6, 7, 8, 9])
    account.functions["terrain"]["shares"] = {"1": 0.1}
    settings = load_settings("prod", ROOT / "config", AGENTS)
    prune_all(settings)
    assert list(account.functions["terrain"]["versions"]) == [1, 5, 6, 7, 8, 9]


def test_the_durable_functions_versions_all_stay(account: Account, prod: Settings) -> None:
    account.has("durable", 9, [1, 2, 3, 4, 5, 6, 7, 8, 9])
    prune_all(prod)
    assert len(account.functions["durable"]["versions"]) == 9


def test_a_gradual_deployment_from_a_version_that_its_stack_does_not_know_is_refused(
    account: Account, prod: Settings
) -> None:
    account.has("terrain", 9, [8, 9])
    refuse_moved(prod)
    account.functions["terrain"]["live"] = 8
    with pytest.raises(CommandError) as refused:
        refuse_moved(prod)
    assert "`live` of terrain is at version 8, and its stack put it at 9" in str(refused.value)
    assert "deployment.hold: {terrain: 8} in config/prod.yaml" in str(refused.value)
    held = DeploymentSettings(strategy="canary", hold={"terrain": 8})
    refuse_moved(prod.model_copy(update={"deployment": held}))
    # CloudFormation itself moves an alias from wherever it is.
    refuse_moved(prod.model_copy(update={"deployment": DeploymentSettings()}))
    # Once the stack has put it there, it may go on.
    account.functions["terrain"]["put"] = "8"
    refuse_moved(prod)


def test_a_version_of_the_template_is_read_from_its_resource(account: Account) -> None:
    account.has("terrain", 9, [8, 9])
    account.functions["terrain"]["put"] = {"Fn::GetAtt": ["terrainV", "Version"]}
    assert Versions("prod", "us-east-1").moved() == []
    account.functions["terrain"]["live"] = 8
    [moved] = Versions("prod", "us-east-1").moved()
    assert (moved.function, moved.live, moved.put) == ("terrain", 8, 9)


def test_while_the_stack_is_deployed_an_agent_has_to_be_named(
    account: Account, person: Person
) -> None:
    account.has("terrain", 9, [8, 9])
    account.status = "UPDATE_IN_PROGRESS"
    status, _, err = person.runs("rollback")
    assert (status, account.moved) == (1, [])
    assert "Tradewind-prod-Agents is being deployed (UPDATE_IN_PROGRESS)." in err
    assert person.runs("rollback", "terrain")[0] == 0
