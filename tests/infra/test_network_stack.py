"""Functions in a VPC: what is made, what is let through, and that nothing else is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_kms as kms

from stacks.network import NetworkStack
from stacks.parts.bedrock_access import Guardrail, invoke_grants, read_model
from stacks.settings.environment import Settings
from stacks.settings.network import CreatedNetwork, GivenNetwork, NetworkSettings
from stacks.settings.runtime import with_runtimes
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly, Template
from tests.infra.conftest import ROOT, RUNTIMES, Synthesize, with_every_function
from tradewind.contracts.agent_manifest import AgentManifest, AwsReach

PREFIX = "tradewind-dev-"
#: What asks for addresses outside AWS.
OUTSIDE = (
    "authorizer",
    *(name for name, agent in AGENTS.items() if agent.function.endpoints),
)
#: What Lambda does in a role's name and not from the function's network; see docs/network.md.
OF_LAMBDA = ("ec2:", "kms:", "logs:", "sqs:", "xray:")
GIVEN = GivenNetwork(
    vpc="vpc-0123456789abcdef0",
    subnets=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    security_groups=("sg-0123456789abcdef0",),
)


def in_network(settings: Settings, network: NetworkSettings) -> Settings:
    return settings.model_copy(update={"network": network})


@pytest.fixture(scope="module")
def made(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    """Every function there can be, in a VPC of the environment's own, but for two."""
    network = NetworkSettings(create=CreatedNetwork(), outside=OUTSIDE)
    return synthesize(in_network(with_every_function(dev_settings), network))


@pytest.fixture(scope="module")
def template(made: Assembly) -> Template:
    loaded: Template = json.loads((made.folder / "Network.template.json").read_text())
    return loaded


def network_alone(
    folder: Path,
    settings: Settings,
    network: NetworkSettings,
    agents: dict[str, AgentManifest] = AGENTS,
) -> Template:
    """The stack without what is in it: quick to make."""
    app = App(outdir=str(folder))
    env = Environment(account="123456789012", region=settings.region)
    key = kms.Key(Stack(app, "Keys", env=env), "Key")
    NetworkStack(
        app,
        "Network",
        env=env,
        settings=in_network(settings, network),
        network=network,
        agents=agents,
        key=key,
    )
    app.synth(validate_on_synthesis=False)
    loaded: Template = json.loads((folder / "Network.template.json").read_text())
    return loaded


def of_type(template: Template, resource_type: str) -> list[dict[str, Any]]:
    return [
        one["Properties"] for one in template["Resources"].values() if one["Type"] == resource_type
    ]


# --- No way out -------------------------------------------------------------------------------


def test_a_created_vpc_is_made_of_these_and_nothing_that_leads_out(template: Template) -> None:
    kinds = {one["Type"] for one in template["Resources"].values()}
    assert kinds == {
        "AWS::EC2::FlowLog",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
    }
    for subnet in of_type(template, "AWS::EC2::Subnet"):
        assert subnet["MapPublicIpOnLaunch"] is False


def test_functions_call_over_tls_and_are_called_by_nobody(template: Template) -> None:
    groups = of_type(template, "AWS::EC2::SecurityGroup")
    [functions] = [one for one in groups if one["GroupDescription"].startswith("Functions")]
    [endpoints] = [one for one in groups if one["GroupDescription"].startswith("Endpoints")]
    assert "SecurityGroupIngress" not in functions
    [out] = functions["SecurityGroupEgress"]
    assert (out["IpProtocol"], out["FromPort"], out["ToPort"]) == ("tcp", 443, 443)
    [let_in] = endpoints["SecurityGroupIngress"]
    assert (let_in["IpProtocol"], let_in["FromPort"], let_in["ToPort"]) == ("tcp", 443, 443)
    assert "OwnFunctions" in let_in["SourceSecurityGroupId"]["Fn::GetAtt"][0]
    [nothing] = endpoints["SecurityGroupEgress"]
    assert nothing["CidrIp"] == "255.255.255.255/32"


def test_who_spoke_with_whom_is_kept_encrypted(made: Assembly, template: Template) -> None:
    [group] = of_type(template, "AWS::Logs::LogGroup")
    assert group["LogGroupName"] == "/aws/vpc/tradewind-dev-flows"
    assert group["RetentionInDays"] == made.settings.log_retention_days
    [flows] = of_type(template, "AWS::EC2::FlowLog")
    assert flows["TrafficType"] == "ALL"
    key = made.only(made.state, "AWS::KMS::Key")["Properties"]
    [groups] = [one for one in key["KeyPolicy"]["Statement"] if one.get("Sid") == "LogGroups"]
    patterns = groups["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    written = f"arn:aws:logs:us-east-1:ACCOUNT:log-group:{group['LogGroupName']}"
    assert any(fnmatchcase(written, one) for one in patterns)


# --- Who is in it -----------------------------------------------------------------------------


def functions(assembly: Assembly) -> dict[str, tuple[str, dict[str, Any]]]:
    """The template and the properties of every function, by its name."""
    return {
        one["Properties"]["FunctionName"].removeprefix(PREFIX): (
            key.partition("/")[0],
            one["Properties"],
        )
        for key, one in assembly.everywhere("AWS::Lambda::Function").items()
    }


def inside(assembly: Assembly) -> set[str]:
    return {name for name, (_, one) in functions(assembly).items() if "VpcConfig" in one}


def test_every_function_is_in_it_but_those_that_a_setting_names(
    made: Assembly, dev: Assembly
) -> None:
    agents = with_runtimes(AGENTS, RUNTIMES)
    assert inside(made) == set(made.settings.function_names(agents)) - set(OUTSIDE)
    assert inside(dev) == set()
    assert not (dev.folder / "Network.template.json").exists()


def test_a_function_that_goes_there_is_a_new_version(made: Assembly, dev: Assembly) -> None:
    def versions(assembly: Assembly) -> set[str]:
        return {
            key
            for key in assembly.everywhere("AWS::Lambda::Version")
            if key.startswith("Agents/Layout")
        }

    assert versions(made).isdisjoint(versions(dev))


def statements(assembly: Assembly, function: str) -> list[dict[str, Any]]:
    """All that a function's role has, wherever it is written, in readable form."""
    stack, properties = functions(assembly)[function]
    template = json.loads((assembly.folder / f"{stack}.template.json").read_text())
    role = properties["Role"]["Fn::GetAtt"][0]
    documents = [
        one["PolicyDocument"] for one in template["Resources"][role]["Properties"]["Policies"]
    ] + [
        one["Properties"]["PolicyDocument"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::IAM::Policy" and {"Ref": role} in one["Properties"]["Roles"]
    ]
    spelled = [assembly.spell(template, one) for one in documents]
    return [one for document in spelled for one in document["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_role_connects_its_function_to_its_subnets_and_groups_alone(made: Assembly) -> None:
    for function in inside(made):
        [make] = [
            one
            for one in statements(made, function)
            if one["Effect"] == "Allow" and one["Action"] == "ec2:CreateNetworkInterface"
        ]
        at = "arn:aws:ec2:us-east-1:ACCOUNT:"
        assert sorted(make["Resource"]) == [
            f"{at}network-interface/*",
            f"{at}security-group/<OwnFunctions.GroupId>",
            f"{at}subnet/<OwnSubnetA.SubnetId>",
            f"{at}subnet/<OwnSubnetB.SubnetId>",
        ]


def test_the_function_itself_may_do_nothing_of_it(made: Assembly) -> None:
    for function in inside(made):
        of_ec2 = [one for one in statements(made, function) if "ec2:" in str(one["Action"])]
        [denied] = [one for one in of_ec2 if one["Effect"] == "Deny"]
        allowed = {
            action for one in of_ec2 if one["Effect"] == "Allow" for action in listed(one["Action"])
        }
        assert set(denied["Action"]) == allowed
        assert denied["Resource"] == "*"
        name = f"arn:aws:lambda:us-east-1:ACCOUNT:function:{PREFIX}{function}"
        assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": name}}


def test_outside_no_role_has_anything_of_it(made: Assembly, dev: Assembly) -> None:
    for assembly, names in ((made, OUTSIDE), (dev, functions(dev))):
        for function in names:
            assert "ec2:" not in json.dumps(statements(assembly, function))


def test_no_managed_policy_of_aws_is_used(made: Assembly) -> None:
    for key, role in made.everywhere("AWS::IAM::Role").items():
        trusted = json.dumps(role["Properties"]["AssumeRolePolicyDocument"])
        if "lambda." in trusted or "vpc-flow-logs" in trusted:
            assert "ManagedPolicyArns" not in role["Properties"], key


# --- Endpoints --------------------------------------------------------------------------------


def endpoints(template: Template) -> dict[str, dict[str, Any]]:
    return {
        one["ServiceName"].rpartition("us-east-1.")[2]: one
        for one in of_type(template, "AWS::EC2::VPCEndpoint")
    }


def policy(assembly: Assembly, template: Template, service: str) -> list[dict[str, Any]]:
    found = assembly.spell(template, endpoints(template)[service]["PolicyDocument"])
    return list(found["Statement"])


def lets_through(policy: list[dict[str, Any]], action: str, resource: str) -> bool:
    return any(
        fnmatchcase(action, allowed) and fnmatchcase(resource, pattern)
        for one in policy
        for allowed in one["Action"]
        for pattern in one["Resource"]
    )


def test_there_are_endpoints_for_what_functions_call_and_no_other(template: Template) -> None:
    kinds = {name: one["VpcEndpointType"] for name, one in endpoints(template).items()}
    assert kinds == {
        "bedrock": "Interface",
        "bedrock-agentcore": "Interface",
        "bedrock-runtime": "Interface",
        "codedeploy": "Interface",
        "dynamodb": "Gateway",
        "lambda": "Interface",
        "s3": "Gateway",
    }


def test_their_names_lead_to_them_in_every_zone(template: Template) -> None:
    for one in endpoints(template).values():
        if one["VpcEndpointType"] == "Interface":
            assert one["PrivateDnsEnabled"] is True
            assert len(one["SubnetIds"]) == 2
            assert len(one["SecurityGroupIds"]) == 1
        else:
            assert len(one["RouteTableIds"]) == 1


def test_every_policy_lets_nobody_in_but_this_account(made: Assembly, template: Template) -> None:
    for service in endpoints(template):
        for one in policy(made, template, service):
            assert one["Condition"]["StringEquals"] == {"aws:PrincipalAccount": "ACCOUNT"}
            assert one["Effect"] == "Allow"
    # A bucket's ARN does not say whose it is.
    [bucket] = policy(made, template, "s3")
    assert bucket["Condition"]["StringEqualsIfExists"] == {"aws:ResourceAccount": "ACCOUNT"}


def endpoint_of(action: str) -> str:
    service, _, operation = action.partition(":")
    if service == "bedrock":
        return "bedrock" if operation.startswith("List") else "bedrock-runtime"
    return service


def granted(assembly: Assembly, function: str) -> Iterator[tuple[str, str]]:
    """What a function's role may on what, as ARNs that have a form."""
    for one in statements(assembly, function):
        if one["Effect"] == "Allow":
            for action in listed(one["Action"]):
                if not action.startswith(OF_LAMBDA):
                    for resource in listed(one["Resource"]):
                        yield action, with_form(action, resource)


def with_form(action: str, resource: str) -> str:
    """An attribute of a bucket or a table as the ARN that it is."""
    if not resource.startswith("<"):
        return resource
    _, _, rest = resource.partition(">")
    form = {
        "s3": "arn:aws:s3:::artifacts",
        "dynamodb": "arn:aws:dynamodb:us-east-1:ACCOUNT:table/records",
        "bedrock-agentcore": "arn:aws:bedrock-agentcore:us-east-1:1:runtime/x",
    }
    return form[action.partition(":")[0]] + rest


def test_all_that_a_function_may_is_let_through(made: Assembly, template: Template) -> None:
    asked = 0
    for function in inside(made):
        for action, resource in granted(made, function):
            allowed = policy(made, template, endpoint_of(action))
            asked += 1
            assert lets_through(allowed, action, resource), f"{function}: {action} on {resource}"
    assert asked > 100


@pytest.mark.parametrize(
    "model_id",
    [
        "us.anthropic.claude-sonnet-4-6",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "global.anthropic.claude-sonnet-4-6",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl",
    ],
)
def test_another_model_or_guardrail_is_let_through_before_and_after(
    made: Assembly, template: Template, model_id: str
) -> None:
    allowed = policy(made, template, "bedrock-runtime")
    account = "123456789012"
    arn = f"arn:aws:bedrock:us-east-1:{account}:guardrail/abcdefghijkl"
    grants = invoke_grants(
        read_model(model_id, "us-east-1"), account=account, guardrail=Guardrail(arn, "1")
    )
    for grant in grants:
        for action in grant.actions:
            for resource in grant.resources:
                assert lets_through(allowed, action, resource.replace(account, "ACCOUNT"))


@pytest.mark.parametrize(
    "kind",
    [
        "application-inference-profile/abcdefghijkl",
        "provisioned-model/abcdefghijkl",
        "imported-model/abcdefghijkl",
        "guardrail/abcdefghijkl",
    ],
)
def test_models_and_guardrails_are_this_accounts(
    made: Assembly, template: Template, kind: str
) -> None:
    allowed = policy(made, template, "bedrock-runtime")
    action = "bedrock:ApplyGuardrail" if kind.startswith("guardrail") else "bedrock:InvokeModel"
    at = "arn:aws:bedrock:us-east-1"
    assert lets_through(allowed, action, f"{at}:ACCOUNT:{kind}")
    assert not lets_through(allowed, action, f"{at}:111122223333:{kind}")


@pytest.mark.parametrize(
    ("service", "action", "resource"),
    [
        ("dynamodb", "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:1:table/x"),
        ("dynamodb", "dynamodb:Scan", "arn:aws:dynamodb:us-east-1:ACCOUNT:table/x"),
        ("lambda", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:1:function:x"),
        ("lambda", "lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:ACCOUNT:x"),
        ("s3", "s3:DeleteObject", "arn:aws:s3:::artifacts/x"),
        ("bedrock", "bedrock:CreateGuardrail", "*"),
    ],
)
def test_what_no_function_asks_is_not(
    made: Assembly, template: Template, service: str, action: str, resource: str
) -> None:
    assert not lets_through(policy(made, template, service), action, resource)


def reaching(service: str) -> dict[str, AgentManifest]:
    reach = AwsReach(
        service=service,
        operations=("SendMessage",),
        actions=("sqs:SendMessage",),
        resources=("arn:{partition}:sqs:{region}:{account}:orders",),
    )
    return {"layout": AGENTS["layout"].model_copy(update={"reach": (reach,)})}


def test_a_service_that_an_agent_reaches_has_its_endpoint(
    tmp_path: Path, dev_settings: Settings
) -> None:
    network = NetworkSettings(create=CreatedNetwork())
    made = network_alone(tmp_path, dev_settings, network, reaching("sqs"))
    [allowed] = endpoints(made)["sqs"]["PolicyDocument"]["Statement"]
    assert allowed["Condition"] == {
        "StringEquals": {"aws:PrincipalAccount": "123456789012"},
        "StringEqualsIfExists": {"aws:ResourceAccount": "123456789012"},
    }
    assert "bedrock-agentcore" not in endpoints(made)


def test_outside_functions_need_no_endpoint(tmp_path: Path, dev_settings: Settings) -> None:
    network = NetworkSettings(create=CreatedNetwork(), outside=("api", "mcp", "layout"))
    made = network_alone(tmp_path, dev_settings, network, reaching("sqs"))
    # The sweep is left.
    assert set(endpoints(made)) == {"dynamodb"}


UNSHARE = shutil.which("unshare")


def without_a_way_out() -> dict[str, tuple[list[str], str]]:
    """What is looked for from a network that has nothing in it, not even itself."""
    done = subprocess.run(
        [str(UNSHARE), "--map-root-user", "--net", sys.executable, "-m", "tests.infra.no_way_out"],
        env={
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambda_src'}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr and not done.stdout:
        pytest.skip(f"this machine makes no networks: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.skipif(UNSHARE is None, reason="unshare makes the network (util-linux)")
def test_a_function_without_a_way_out_looks_for_its_endpoints_and_nothing_else(
    template: Template,
) -> None:
    looked_for = without_a_way_out()
    # All there are; S3's is the route that a bucket's own name takes.
    assert set(looked_for) == set(endpoints(template))
    for service, (hosts, outcome) in looked_for.items():
        bucket = "artifacts." if service == "s3" else ""
        assert set(hosts) == {f"{bucket}{service}.us-east-1.amazonaws.com"}
        assert outcome == "EndpointConnectionError"


# --- Changes ----------------------------------------------------------------------------------


def test_another_zone_moves_none_that_is_there(tmp_path: Path, dev_settings: Settings) -> None:
    two, three = (
        network_alone(
            tmp_path / str(len(zones)),
            dev_settings,
            NetworkSettings(create=CreatedNetwork(cidr="10.8.0.0/20", zones=zones)),
        )
        for zones in (("b", "d"), ("d", "a", "b"))
    )
    before, after = (
        {
            key: one["Properties"]
            for key, one in template["Resources"].items()
            if one["Type"] in {"AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EC2::RouteTable"}
        }
        for template in (two, three)
    )
    assert before.items() <= after.items()
    blocks = {
        one["AvailabilityZone"]: one["CidrBlock"] for one in of_type(three, "AWS::EC2::Subnet")
    }
    assert blocks == {
        "us-east-1a": "10.8.0.0/23",
        "us-east-1b": "10.8.2.0/23",
        "us-east-1d": "10.8.6.0/23",
    }
    assert three["Outputs"]["NetworkCidr"]["Value"] == "10.8.0.0/20"
    assert three["Outputs"]["NetworkZones"]["Value"] == "a,b,d"


# --- One that is there ------------------------------------------------------------------------


def test_a_given_vpc_gets_endpoints_where_its_route_tables_are_named(
    tmp_path: Path, dev_settings: Settings
) -> None:
    tables = ("rtb-0123456789abcdef0", "rtb-0123456789abcdef1")
    given = GIVEN.model_copy(update={"route_tables": tables})
    made = network_alone(tmp_path, dev_settings, NetworkSettings(given=given))
    assert {one["Type"] for one in made["Resources"].values()} == {
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::VPCEndpoint",
    }
    found = endpoints(made)
    assert found["s3"]["RouteTableIds"] == list(tables)
    assert found["lambda"]["SubnetIds"] == list(given.subnets)
    assert {one["VpcId"] for one in found.values()} == {given.vpc}
    [group] = of_type(made, "AWS::EC2::SecurityGroup")
    assert group["VpcId"] == given.vpc
    assert [one["SourceSecurityGroupId"] for one in group["SecurityGroupIngress"]] == list(
        given.security_groups
    )


def test_a_given_vpc_without_them_gets_functions_and_nothing_else(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    made = synthesize(in_network(dev_settings, NetworkSettings(given=GIVEN, outside=("sweep",))))
    assert not (made.folder / "Network.template.json").exists()
    assert inside(made) == {*AGENTS, "api", "mcp"}
    for name in inside(made):
        assert functions(made)[name][1]["VpcConfig"] == {
            "SubnetIds": list(GIVEN.subnets),
            "SecurityGroupIds": list(GIVEN.security_groups),
        }
