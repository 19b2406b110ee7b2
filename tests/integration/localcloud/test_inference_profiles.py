"""An application inference profile in a template, and what a role may call through it."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION, Running
from tests.integration.localcloud.conftest import Deploy, DeploymentFailed

SOURCE = f"arn:aws:bedrock:{REGION}:{ACCOUNT_ID}:inference-profile/us.anthropic.claude-sonnet-4-6"
TYPE = "AWS::Bedrock::ApplicationInferenceProfile"


@pytest.fixture
def bedrock(cloud: Running) -> Any:
    return boto3.client(
        "bedrock",
        region_name=cloud.region,
        endpoint_url=cloud.bedrock_endpoint_url,
        verify=cloud.ca_bundle,
        aws_access_key_id=cloud.access_key,
        aws_secret_access_key=cloud.secret_key,
    )


def profile(name: str, **more: Any) -> dict[str, Any]:
    properties = {"InferenceProfileName": name, "ModelSource": {"CopyFrom": SOURCE}, **more}
    return {"Type": TYPE, "Properties": properties}


def test_a_stack_makes_one_with_its_tags_and_takes_it_away(deploy: Deploy, bedrock: Any) -> None:
    tags = [{"Key": "tradewind-agent", "Value": "terrain"}]
    outputs = {"Arn": {"Fn::GetAtt": ["Mine", "InferenceProfileArn"]}, "Ref": {"Ref": "Mine"}}
    made = deploy("profiles", {"Mine": profile("dev-terrain-1", Tags=tags)}, outputs)
    assert made["Arn"] == made["Ref"]
    told = bedrock.get_inference_profile(inferenceProfileIdentifier=made["Arn"])
    assert (told["inferenceProfileName"], told["type"]) == ("dev-terrain-1", "APPLICATION")
    assert bedrock.list_tags_for_resource(resourceARN=made["Arn"])["tags"] == [
        {"key": "tradewind-agent", "value": "terrain"}
    ]

    # Another model's has another logical id and name, and comes before this one goes.
    other = deploy("profiles", {"Other": profile("dev-terrain-2")}, {"Arn": {"Ref": "Other"}})
    assert other["Arn"] != made["Arn"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bedrock.get_inference_profile(inferenceProfileIdentifier=made["Arn"])


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"Description": "x"}, "Description is not supported here"),
        ({"InferenceProfileName": "two--hyphens"}, "failed to satisfy constraint"),
        ({"ModelSource": {"CopyFrom": SOURCE.replace("us.", "apac.")}}, "identifier is invalid"),
    ],
)
def test_what_cannot_be_made_fails_the_stack(
    deploy: Deploy, properties: dict[str, Any], said: str
) -> None:
    with pytest.raises(DeploymentFailed, match=said):
        deploy("profiles-refused", {"Mine": profile("refused", **properties)})
