"""AgentCore Runtime as the embedded AWS serves it: real boto3, CloudFormation, real processes."""

import importlib.util
import itertools
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError, ResponseStreamingError
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import connect

from devtools.localcloud import ACCOUNT_ID, REGION, Running
from devtools.localcloud.running import start_time
from tests.integration.localcloud.agents import (
    SESSION_HEADER,
    Signed,
    artifact,
    endpoint,
    policy,
    role,
    runtime,
)
from tests.integration.localcloud.conftest import Client, Deploy, DeploymentFailed, clients_for

SESSION = "s" * 40
PATIENCE_S = 60.0
USER_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-User-Id"
CUSTOM_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Colour"
#: Somebody who may do nothing at first; each test's own.
Person = Callable[..., tuple[str, str]]
Upload = Callable[[str, bytes], dict[str, str]]

_numbers = itertools.count()


@pytest.fixture(scope="module")
def agent(deploy: Deploy, upload: Upload) -> dict[str, str]:
    """An agent with an endpoint ``live`` on its first version, and a second version."""
    code = upload("agent.zip", artifact())
    settings = {
        "EnvironmentVariables": {"NUMBER": "1", "AWS_REGION": "nowhere"},
        "RequestHeaderConfiguration": {"RequestHeaderAllowlist": [CUSTOM_HEADER]},
        "LifecycleConfiguration": {"IdleRuntimeSessionTimeout": 120},
        "Tags": {"team": "wind"},
    }
    outputs = {
        "id": {"Ref": "Runtime"},
        "arn": {"Fn::GetAtt": ["Runtime", "AgentRuntimeArn"]},
        "version": {"Fn::GetAtt": ["Runtime", "AgentRuntimeVersion"]},
        "identity": {"Fn::GetAtt": ["Runtime", "WorkloadIdentityDetails.WorkloadIdentityArn"]},
        "endpoint": {"Ref": "Live"},
        "live": {"Fn::GetAtt": ["Live", "LiveVersion"]},
    }
    resources = {
        "Role": role(),
        "Runtime": runtime("agent", code, **settings),
        "Live": endpoint("live", "1"),
    }
    first = deploy("agentcore", resources, outputs)
    assert first["version"] == first["live"] == "1"
    settings["EnvironmentVariables"] = {"NUMBER": "2"}
    resources["Runtime"] = runtime("agent", code, **settings)
    return deploy("agentcore", resources, outputs)


@pytest.fixture
def ask(client: Client, agent: dict[str, str]) -> Callable[..., Any]:
    """Ask the agent something, and read all of its answer."""

    def ask_agent(payload: object, **more: Any) -> Any:
        given = {"runtimeSessionId": SESSION, **more}
        answer = client("bedrock-agentcore").invoke_agent_runtime(
            agentRuntimeArn=agent["arn"], payload=json.dumps(payload).encode(), **given
        )
        return json.loads(answer["response"].read())

    return ask_agent


@pytest.fixture
def person(client: Client) -> Person:
    """Make users with a policy; gives their keys."""

    def make(document: str | None = None) -> tuple[str, str]:
        iam, name = client("iam"), f"person-{next(_numbers)}"
        iam.create_user(UserName=name)
        if document:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    return make


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


class TestStacks:
    def test_references_and_attributes_are_those_of_the_schemas(
        self, client: Client, agent: dict[str, str]
    ) -> None:
        prefix = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT_ID}:"
        assert agent["arn"] == f"{prefix}runtime/{agent['id']}"
        assert agent["endpoint"] == f"{agent['arn']}/runtime-endpoint/live"
        assert agent["identity"].startswith(f"{prefix}workload-identity-directory/default/")
        control = client("bedrock-agentcore-control")
        kept = control.get_agent_runtime(agentRuntimeId=agent["id"])
        assert kept["lifecycleConfiguration"] == {
            "idleRuntimeSessionTimeout": 120,
            "maxLifetime": 28_800,
        }
        assert control.list_tags_for_resource(resourceArn=agent["arn"])["tags"] == {"team": "wind"}

    def test_default_follows_the_update_and_the_named_endpoint_does_not(
        self, ask: Callable[..., Any], agent: dict[str, str]
    ) -> None:
        assert (agent["version"], agent["live"]) == ("2", "1")
        default, live = ask({}), ask({}, qualifier="live")
        assert default["environment"]["NUMBER"] == "2"
        assert live["environment"]["NUMBER"] == "1"
        assert default["pid"] != live["pid"]

    @pytest.mark.parametrize(
        ("properties", "reason"),
        [
            ({"AuthorizerConfiguration": {}}, "AuthorizerConfiguration is not supported"),
            ({"FilesystemConfigurations": []}, "FilesystemConfigurations is not supported"),
            ({"NetworkConfiguration": {"NetworkMode": "VPC"}}, "network mode VPC"),
            ({"ProtocolConfiguration": "MCP"}, "protocol MCP"),
            ({"ProtocolConfiguration": "FTP"}, "enum value set"),
            ({"AgentRuntimeName": "no-hyphens"}, "regular expression"),
            ({"LifecycleConfiguration": {"MaxLifetime": 100}}, "less than or equal to maxLife"),
            ({"RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/none"}, "Role validation failed"),
            ({"RequestHeaderConfiguration": {"RequestHeaderAllowlist": ["Authorization"]}}, "Auth"),
        ],
    )
    def test_what_cannot_be_made_fails_by_name_and_leaves_nothing(
        self,
        client: Client,
        deploy: Deploy,
        upload: Upload,
        properties: dict[str, Any],
        reason: str,
    ) -> None:
        broken = runtime("broken", upload("agent.zip", artifact()), **properties)
        with pytest.raises(DeploymentFailed, match=reason):
            deploy("agentcore-broken", {"Role": role(), "Runtime": broken})
        listed = client("bedrock-agentcore-control").list_agent_runtimes()["agentRuntimes"]
        assert "broken" not in [each["agentRuntimeName"] for each in listed]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"no archive", "no zip archive"),
            (artifact(name="other.py"), "has no file main.py"),
            (None, "was not found"),
        ],
    )
    def test_code_that_is_not_there_fails_the_stack(
        self, deploy: Deploy, upload: Upload, content: bytes | None, reason: str
    ) -> None:
        code = upload("bad.zip", content) if content else upload("x", b"") | {"S3Key": "none"}
        with pytest.raises(DeploymentFailed, match=reason):
            deploy("agentcore-bad", {"Role": role(), "Runtime": runtime("bad", code)})

    def test_a_stack_that_fails_later_takes_the_runtime_back(
        self, client: Client, deploy: Deploy, upload: Upload
    ) -> None:
        resources = {
            "Role": role(),
            "Runtime": runtime("undone", upload("agent.zip", artifact())),
            "Live": endpoint("live", "7"),
        }
        with pytest.raises(DeploymentFailed, match="Version 7 of agent"):
            deploy("agentcore-undone", resources)
        listed = client("bedrock-agentcore-control").list_agent_runtimes()["agentRuntimes"]
        assert "undone" not in [each["agentRuntimeName"] for each in listed]


class TestControlPlane:
    def test_versions_and_endpoints_are_listed_in_pages(
        self, client: Client, agent: dict[str, str]
    ) -> None:
        control = client("bedrock-agentcore-control")
        page = control.list_agent_runtime_versions(agentRuntimeId=agent["id"], maxResults=1)
        assert [each["agentRuntimeVersion"] for each in page["agentRuntimes"]] == ["2"]
        rest = control.list_agent_runtime_versions(
            agentRuntimeId=agent["id"], nextToken=page["nextToken"]
        )
        assert [each["agentRuntimeVersion"] for each in rest["agentRuntimes"]] == ["1"]
        assert "nextToken" not in rest
        listed = control.list_agent_runtime_endpoints(agentRuntimeId=agent["id"])
        versions = {each["name"]: each["liveVersion"] for each in listed["runtimeEndpoints"]}
        assert versions == {"DEFAULT": "2", "live": "1"}

    def test_a_runtime_with_endpoints_and_default_stay(
        self, client: Client, agent: dict[str, str]
    ) -> None:
        control = client("bedrock-agentcore-control")
        with pytest.raises(ClientError, match="endpoints that must be deleted first") as kept:
            control.delete_agent_runtime(agentRuntimeId=agent["id"])
        assert refusal(kept) == (409, "ConflictException")
        with pytest.raises(ClientError, match="removed when you delete the agent"):
            control.delete_agent_runtime_endpoint(
                agentRuntimeId=agent["id"], endpointName="DEFAULT"
            )

    def test_a_request_repeated_with_its_token_is_done_once(
        self, client: Client, deploy: Deploy, upload: Upload
    ) -> None:
        made = deploy(
            "agentcore-twice",
            {"Role": role(), "Runtime": runtime("twice", upload("agent.zip", artifact()))},
            {"id": {"Ref": "Runtime"}},
        )
        control = client("bedrock-agentcore-control")
        kept = control.get_agent_runtime(agentRuntimeId=made["id"])

        def update(description: str) -> Any:
            return control.update_agent_runtime(
                agentRuntimeId=made["id"],
                agentRuntimeArtifact=kept["agentRuntimeArtifact"],
                roleArn=kept["roleArn"],
                description=description,
                clientToken="t" * 33,
            )["agentRuntimeVersion"]

        assert [update("one"), update("one")] == ["2", "2"]
        with pytest.raises(ClientError, match="used with other parameters"):
            update("two")
        listed = control.list_agent_runtime_versions(agentRuntimeId=made["id"])
        assert [each["agentRuntimeVersion"] for each in listed["agentRuntimes"]] == ["2", "1"]

    def test_a_creator_needs_to_pass_the_role(
        self, cloud: Running, client: Client, agent: dict[str, str], person: Person
    ) -> None:
        keys = person(policy(("Allow", "bedrock-agentcore:*", "*")))
        theirs = clients_for(cloud, aws_access_key_id=keys[0], aws_secret_access_key=keys[1])
        kept = client("bedrock-agentcore-control").get_agent_runtime(agentRuntimeId=agent["id"])
        with pytest.raises(ClientError, match="iam:PassRole") as refused:
            theirs("bedrock-agentcore-control").update_agent_runtime(
                agentRuntimeId=agent["id"],
                agentRuntimeArtifact=kept["agentRuntimeArtifact"],
                roleArn=kept["roleArn"],
            )
        assert refusal(refused) == (403, "AccessDeniedException")

    def test_a_deleted_runtimes_process_ends(
        self, client: Client, deploy: Deploy, upload: Upload
    ) -> None:
        made = deploy(
            "agentcore-short",
            {"Role": role(), "Runtime": runtime("short", upload("agent.zip", artifact()))},
            {"arn": {"Fn::GetAtt": ["Runtime", "AgentRuntimeArn"]}, "id": {"Ref": "Runtime"}},
        )
        answer = client("bedrock-agentcore").invoke_agent_runtime(
            agentRuntimeArn=made["arn"], payload=b"{}", runtimeSessionId=SESSION
        )
        pid = json.loads(answer["response"].read())["pid"]
        client("bedrock-agentcore-control").delete_agent_runtime(agentRuntimeId=made["id"])
        until(lambda: start_time(pid) is None)
        with pytest.raises(ClientError) as gone:
            client("bedrock-agentcore").invoke_agent_runtime(
                agentRuntimeArn=made["arn"], payload=b"{}"
            )
        assert refusal(gone) == (404, "ResourceNotFoundException")


class TestInvocations:
    def test_each_piece_arrives_before_the_next_is_written(
        self, client: Client, agent: dict[str, str], tmp_path: Path
    ) -> None:
        pieces = ["data: 1\n\n", "data: zwei\n\n", "data: \u2028\n\n"]
        answer = client("bedrock-agentcore").invoke_agent_runtime(
            agentRuntimeArn=agent["arn"],
            payload=json.dumps({"pieces": pieces, "gate": str(tmp_path)}).encode(),
            runtimeSessionId=SESSION,
        )
        assert answer["contentType"] == "text/event-stream"
        for index, piece in enumerate(pieces, start=1):
            assert answer["response"].read(len(piece.encode())).decode() == piece
            (tmp_path / str(index)).touch()
        assert answer["response"].read() == b""

    def test_an_answer_that_breaks_off_breaks_off_for_the_caller(
        self, client: Client, agent: dict[str, str], tmp_path: Path
    ) -> None:
        answer = client("bedrock-agentcore").invoke_agent_runtime(
            agentRuntimeArn=agent["arn"],
            payload=json.dumps({"pieces": ["begun"], "gate": "", "breaks": True}).encode(),
            runtimeSessionId=SESSION,
        )
        with pytest.raises((ResponseStreamingError, OSError)):
            answer["response"].read()

    @pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
    def test_an_agents_own_status_is_424_and_nothing_it_said(
        self, ask: Callable[..., Any], status: int
    ) -> None:
        with pytest.raises(ClientError, match=rf"Received error \({status}\) from runtime") as said:
            ask({"status": status})
        assert refusal(said) == (424, "RuntimeClientError")
        assert "secret" not in str(said.value.response)

    def test_one_that_ends_in_a_request_is_started_anew_for_the_next(
        self, ask: Callable[..., Any]
    ) -> None:
        before = ask({})["pid"]
        with pytest.raises(ClientError, match=r"Received error \(502\)"):
            ask({"exit": 3})
        assert ask({})["pid"] != before

    def test_a_session_is_a_process_and_stops_when_told(
        self, client: Client, agent: dict[str, str], ask: Callable[..., Any]
    ) -> None:
        own = "t" * 33
        pid = ask({}, runtimeSessionId=own)["pid"]
        assert ask({}, runtimeSessionId=own)["pid"] == pid
        assert ask({})["pid"] != pid
        stop = client("bedrock-agentcore").stop_runtime_session
        assert stop(agentRuntimeArn=agent["arn"], runtimeSessionId=own)["statusCode"] == 200
        until(lambda: start_time(pid) is None)
        with pytest.raises(ClientError) as gone:
            stop(agentRuntimeArn=agent["arn"], runtimeSessionId=own)
        assert refusal(gone) == (404, "ResourceNotFoundException")

    def test_the_contracts_headers_pass_both_ways_and_no_others(
        self, cloud: Running, agent: dict[str, str]
    ) -> None:
        sent = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "baggage": "place=Gr\u00fcnau",
            "traceparent": "00-11111111111111111111111111111111-2222222222222222-01",
            "Mcp-Session-Id": "theirs",
            USER_HEADER: "somebody",
            CUSTOM_HEADER: "blue",
            f"{CUSTOM_HEADER}-Other": "red",
        }
        status, headers, body = post(Signed(cloud), agent["arn"], sent, b"{}")
        assert status == 200
        received = json.loads(body)["headers"]
        for name in ("Content-Type", "Accept", "traceparent", "Mcp-Session-Id", CUSTOM_HEADER):
            assert received[name.lower()] == sent[name]
        unwanted = {"authorization", USER_HEADER.lower(), f"{CUSTOM_HEADER}-Other".lower()}
        assert not unwanted & received.keys()
        # Nobody named a session, so it was given one, and said so to both.
        assert 33 <= len(received[SESSION_HEADER.lower()]) <= 100
        assert headers[SESSION_HEADER] == received[SESSION_HEADER.lower()]
        assert headers["Mcp-Session-Id"] == "its-own"
        assert "X-Private" not in headers

    def test_a_runtime_is_named_by_its_id_where_the_account_is_given(
        self, client: Client, agent: dict[str, str]
    ) -> None:
        invoke = client("bedrock-agentcore").invoke_agent_runtime
        answer = invoke(agentRuntimeArn=agent["id"], accountId=ACCOUNT_ID, payload=b"{}")
        assert answer["statusCode"] == 200
        answer["response"].close()
        with pytest.raises(ClientError, match="accountId is required"):
            invoke(agentRuntimeArn=agent["id"], payload=b"{}")

    def test_the_agent_is_its_role_and_is_given_no_more_than_its_settings(
        self, cloud: Running, ask: Callable[..., Any], agent: dict[str, str]
    ) -> None:
        environment = ask({}, qualifier="live")["environment"]
        assert environment["NUMBER"] == "1"
        assert environment["AWS_REGION"] == REGION  # the service's own go first
        assert "AWS_LAMBDA_FUNCTION_NAME" not in environment
        identity = clients_for(
            cloud,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment["AWS_SESSION_TOKEN"],
        )("sts").get_caller_identity()
        assert ":assumed-role/agentcore-Role" in identity["Arn"]

    def test_what_it_prints_is_in_the_log_group_of_its_endpoint(
        self, client: Client, ask: Callable[..., Any], agent: dict[str, str]
    ) -> None:
        ask({"print": "hello from the agent"}, qualifier="live")
        group = f"/aws/bedrock-agentcore/runtimes/{agent['id']}-live"

        def messages() -> list[str]:
            found = client("logs").filter_log_events(logGroupName=group)["events"]
            return [event["message"] for event in found]

        until(lambda: "hello from the agent" in messages())
        assert "the agent begins" in messages()
        (stream, *_) = client("logs").describe_log_streams(logGroupName=group)["logStreams"]
        assert "/[runtime-logs]" in stream["logStreamName"]

    def test_an_agent_that_does_not_start_is_424_and_its_log_says_why(
        self, client: Client, deploy: Deploy, upload: Upload
    ) -> None:
        code = upload("stillborn.zip", artifact("import nothing_like_it"))
        made = deploy(
            "agentcore-stillborn",
            {"Role": role(), "Runtime": runtime("stillborn", code)},
            {"arn": {"Fn::GetAtt": ["Runtime", "AgentRuntimeArn"]}, "id": {"Ref": "Runtime"}},
        )
        with pytest.raises(ClientError, match="initialization completes in 60s") as failed:
            client("bedrock-agentcore").invoke_agent_runtime(
                agentRuntimeArn=made["arn"], payload=b"{}"
            )
        assert refusal(failed) == (424, "RuntimeClientError")
        group = f"/aws/bedrock-agentcore/runtimes/{made['id']}-DEFAULT"

        def says_why() -> bool:
            events = client("logs").filter_log_events(logGroupName=group)["events"]
            return any("nothing_like_it" in event["message"] for event in events)

        until(says_why)

    def test_an_a2a_agent_has_its_own_port_and_path_and_a_card(
        self, client: Client, deploy: Deploy, upload: Upload, agent: dict[str, str]
    ) -> None:
        settings = {
            "EnvironmentVariables": {"PORT_OF_THE_PROTOCOL": "9000"},
            "ProtocolConfiguration": "A2A",
        }
        peer = runtime("peer", upload("agent.zip", artifact()), **settings)
        made = deploy(
            "agentcore-peer",
            {"Role": role(), "Runtime": peer},
            {"arn": {"Fn::GetAtt": ["Runtime", "AgentRuntimeArn"]}},
        )
        data_plane = client("bedrock-agentcore")
        answer = data_plane.invoke_agent_runtime(agentRuntimeArn=made["arn"], payload=b"{}")
        assert json.loads(answer["response"].read())["path"] == "/"
        card = data_plane.get_agent_card(agentRuntimeArn=made["arn"], runtimeSessionId=SESSION)
        assert card["agentCard"] == {"name": "a card"}
        with pytest.raises(ClientError, match="protocol A2A only"):
            data_plane.get_agent_card(agentRuntimeArn=agent["arn"], runtimeSessionId=SESSION)


class TestPermissions:
    def test_an_invocation_needs_the_runtime_and_the_endpoint(
        self, cloud: Running, agent: dict[str, str], person: Person
    ) -> None:
        action = "bedrock-agentcore:InvokeAgentRuntime"
        default = f"{agent['arn']}/runtime-endpoint/DEFAULT"
        cases = [
            ((), False),
            ((("Allow", action, agent["arn"]),), False),
            ((("Allow", action, default),), False),
            ((("Allow", "bedrock-agentcore:GetAgentRuntime", "*"),), False),
            (
                (("Allow", action, [agent["arn"], f"{agent['arn']}/*"]), ("Deny", action, default)),
                False,
            ),
            ((("Allow", action, [agent["arn"], agent["endpoint"]]),), False),
            ((("Allow", action, [agent["arn"], default]),), True),
        ]
        for statements, allowed in cases:
            signed = Signed(cloud, person(policy(*statements) if statements else None))
            status, _, body = post(signed, agent["arn"], {}, b"{}")
            assert (status == 200) is allowed, (statements, body)
            if not allowed:
                assert status == 403
                assert b"is not authorized to perform: " + action.encode() in body

    def test_to_invoke_for_somebody_needs_leave_of_its_own(
        self, cloud: Running, agent: dict[str, str], person: Person
    ) -> None:
        resources = [agent["arn"], f"{agent['arn']}/*"]
        invoke = "bedrock-agentcore:InvokeAgentRuntime"
        one = Signed(cloud, person(policy(("Allow", invoke, resources))))
        both = Signed(cloud, person(policy(("Allow", [invoke, f"{invoke}ForUser"], resources))))
        assert post(one, agent["arn"], {USER_HEADER: "her"}, b"{}")[0] == 403
        assert post(both, agent["arn"], {USER_HEADER: "her"}, b"{}")[0] == 200

    def test_resource_policies_allow_and_deny(
        self, cloud: Running, client: Client, agent: dict[str, str], person: Person
    ) -> None:
        control = client("bedrock-agentcore-control")
        action = "bedrock-agentcore:InvokeAgentRuntime"
        nobody = person()
        user = client("iam").list_access_keys  # the keys' owner, by name
        owner = f"person-{next(_numbers) - 1}"
        assert user(UserName=owner)["AccessKeyMetadata"]
        principal = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:user/{owner}"}

        def document(effect: str, resource: str) -> str:
            statement = {
                "Effect": effect,
                "Principal": principal,
                "Action": action,
                "Resource": resource,
            }
            return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

        live = agent["endpoint"]
        asked = Signed(cloud, nobody)
        control.put_resource_policy(
            resourceArn=agent["arn"], policy=document("Allow", agent["arn"])
        )
        try:
            assert post(asked, agent["arn"], {}, b"{}", "live")[0] == 403
            control.put_resource_policy(resourceArn=live, policy=document("Allow", live))
            assert control.get_resource_policy(resourceArn=live)["policy"] == document(
                "Allow", live
            )
            assert post(asked, agent["arn"], {}, b"{}", "live")[0] == 200
            control.put_resource_policy(resourceArn=live, policy=document("Deny", live))
            assert post(asked, agent["arn"], {}, b"{}", "live")[0] == 403
            with pytest.raises(ClientError, match="Resource of each statement"):
                control.put_resource_policy(resourceArn=live, policy=document("Allow", "*"))
        finally:
            for resource in (agent["arn"], live):
                control.delete_resource_policy(resourceArn=resource)
        with pytest.raises(ClientError) as gone:
            control.get_resource_policy(resourceArn=live)
        assert refusal(gone) == (404, "ResourceNotFoundException")
        assert post(asked, agent["arn"], {}, b"{}", "live")[0] == 403

    def test_an_unsigned_request_and_one_for_another_service_are_refused(
        self, cloud: Running, agent: dict[str, str]
    ) -> None:
        url = f"{cloud.endpoint_url}/runtimes/{quote(agent['arn'], safe='')}/invocations"
        headers = Signed(cloud).headers("POST", url, {}, b"{}", region="eu-central-1")
        assert send(Signed(cloud).context, url, headers, b"{}")[0] == 403
        assert send(Signed(cloud).context, url, {}, b"{}")[0] == 403


class TestSockets:
    def test_messages_pass_both_ways_in_a_session(
        self, cloud: Running, agent: dict[str, str], ask: Callable[..., Any]
    ) -> None:
        signed = Signed(cloud)
        url = signed.socket_url(agent["arn"])
        headers = signed.headers("GET", url, {SESSION_HEADER: SESSION})
        with opened(signed, url, headers) as socket:
            socket.send("gr\u00fcezi")
            assert socket.recv() == "GR\u00dcEZI"
            assert socket.response is not None
            assert socket.response.headers[SESSION_HEADER] == SESSION
        assert socket.close_code == 1000

    def test_a_presigned_url_needs_no_headers(self, cloud: Running, agent: dict[str, str]) -> None:
        signed = Signed(cloud)
        url = f"{signed.socket_url(agent['arn'], 'live')}&{SESSION_HEADER}={SESSION}"
        with opened(signed, signed.presigned(url)) as socket:
            socket.send("one")
            socket.send("two")
            assert [socket.recv(), socket.recv()] == ["ONE", "TWO"]

    def test_a_stopped_session_closes_its_sockets(
        self, cloud: Running, client: Client, agent: dict[str, str]
    ) -> None:
        signed = Signed(cloud)
        url = signed.socket_url(agent["arn"])
        headers = signed.headers("GET", url, {SESSION_HEADER: "stopped-" + SESSION})
        with opened(signed, url, headers) as socket:
            client("bedrock-agentcore").stop_runtime_session(
                agentRuntimeArn=agent["arn"], runtimeSessionId="stopped-" + SESSION
            )
            with pytest.raises(ConnectionClosed):
                socket.recv()
            assert socket.close_code == 1011

    def test_who_may_not_open_one_is_refused_before_it_opens(
        self, cloud: Running, agent: dict[str, str], person: Person
    ) -> None:
        url = Signed(cloud).socket_url(agent["arn"])
        resources = [agent["arn"], f"{agent['arn']}/*"]
        allow = "bedrock-agentcore:InvokeAgentRuntime"
        stranger = Signed(cloud, person(policy(("Allow", allow, resources))))
        cases = [
            (stranger.headers("GET", url, {}), 403),
            ({}, 403),
            (Signed(cloud).headers("GET", url, {}, service="execute-api"), 403),
            (Signed(cloud).headers("GET", url, {}, region="eu-central-1"), 403),
            (Signed(cloud).headers("GET", url, {SESSION_HEADER: "short"}), 400),
        ]
        for headers, status in cases:
            with pytest.raises(InvalidStatus) as refused:
                opened(stranger, url, headers)
            assert refused.value.response.status_code == status
        allowed = Signed(cloud, person(policy(("Allow", f"{allow}WithWebSocketStream", resources))))
        with opened(allowed, url, allowed.headers("GET", url, {})) as socket:
            socket.send("in")
            assert socket.recv() == "IN"

    def test_an_agent_without_sockets_is_424(
        self, cloud: Running, deploy: Deploy, upload: Upload
    ) -> None:
        settings = {"EnvironmentVariables": {"SOCKET": "none"}}
        deaf = runtime("deaf", upload("agent.zip", artifact()), **settings)
        made = deploy(
            "agentcore-deaf",
            {"Role": role(), "Runtime": deaf},
            {"arn": {"Fn::GetAtt": ["Runtime", "AgentRuntimeArn"]}},
        )
        signed = Signed(cloud)
        url = signed.socket_url(made["arn"])
        with pytest.raises(InvalidStatus) as refused:
            opened(signed, url, signed.headers("GET", url, {}))
        assert refused.value.response.status_code == 424
        assert b"Received error (404)" in (refused.value.response.body or b"")


AWS_AGENT = """
import os
from bedrock_agentcore import BedrockAgentCoreApp

app = BedrockAgentCoreApp()

@app.entrypoint
async def answer(payload, context):
    if payload.get("fails"):
        raise ValueError("as asked")
    if payload.get("streams"):
        async def pieces():
            yield {"number": 1, "text": "grüezi"}
            yield {"number": 2}
            raise RuntimeError("too late for a status")
        return pieces()
    return {"session": context.session_id, "said": payload["say"]}

@app.websocket
async def talk(socket, context):
    await socket.accept()
    await socket.send_json({"session": context.session_id, "heard": await socket.receive_text()})
    await socket.close()

app.run()
"""


def test_an_agent_of_awss_own_package_runs_unchanged(
    cloud: Running, client: Client, deploy: Deploy, upload: Upload
) -> None:
    package = importlib.util.find_spec("bedrock_agentcore")
    assert package is not None
    assert package.origin is not None
    settings = {"EnvironmentVariables": {"PYTHONPATH": str(Path(package.origin).parents[1])}}
    made = deploy(
        "agentcore-package",
        {
            "Role": role(),
            "Runtime": runtime("package", upload("package.zip", artifact(AWS_AGENT)), **settings),
        },
        {"arn": {"Fn::GetAtt": ["Runtime", "AgentRuntimeArn"]}},
    )

    def invoke(payload: object) -> Any:
        return client("bedrock-agentcore").invoke_agent_runtime(
            agentRuntimeArn=made["arn"],
            payload=json.dumps(payload).encode(),
            runtimeSessionId=SESSION,
        )

    whole = invoke({"say": "\u2028"})
    assert json.loads(whole["response"].read()) == {"session": SESSION, "said": "\u2028"}
    streamed = invoke({"streams": True})
    assert streamed["contentType"].startswith("text/event-stream")
    first, second, failed = [
        json.loads(line.removeprefix("data: "))
        for line in streamed["response"].read().decode().split("\n\n")[:3]
    ]
    assert (first, second) == ({"number": 1, "text": "grüezi"}, {"number": 2})
    assert failed["error_type"] == "RuntimeError"
    with pytest.raises(ClientError, match=r"Received error \(500\)"):
        invoke({"fails": True})
    signed = Signed(cloud)
    url = signed.socket_url(made["arn"])
    with opened(signed, url, signed.headers("GET", url, {SESSION_HEADER: SESSION})) as socket:
        socket.send("hello")
        assert json.loads(socket.recv()) == {"session": SESSION, "heard": "hello"}
        with pytest.raises(ConnectionClosedOK):  # the agent has ended it
            socket.recv()


def opened(signed: Signed, url: str, headers: dict[str, str] | None = None) -> Any:
    own = ("Host", "Upgrade", "Connection", "User-Agent")
    kept = {name: value for name, value in (headers or {}).items() if name not in own}
    return connect(
        url.replace("https://", "wss://", 1), ssl=signed.context, additional_headers=kept
    )


def post(
    signed: Signed,
    arn: str,
    headers: dict[str, str],
    body: bytes,
    qualifier: str = "DEFAULT",
) -> tuple[int, Any, bytes]:
    base = signed.socket_url(arn, qualifier)
    url = base.replace("/ws?", "/invocations?")
    return send(signed.context, url, signed.headers("POST", url, headers, body), body)


def send(
    context: ssl.SSLContext, url: str, headers: dict[str, str], body: bytes
) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def until(done: Callable[[], bool]) -> None:
    """Wait for what is sure to come, and not for ever."""
    give_up = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < give_up
        time.sleep(0.01)
