"""The ARNs of runtimes: every valid one survives a round trip, and a wrong part is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.agentcore.arn import InvalidArn, RuntimeArn

TEXT = "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/onboarding-AbCdEfGhIj"

# As botocore's model of the service has them, written again.
partitions = st.from_regex(r"\Aaws(-[!-9;-~]+)?\Z")
regions = st.from_regex(r"\A[a-z0-9-]+\Z")
accounts = st.from_regex(r"\A[0-9]{12}\Z")
runtime_ids = st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}\Z")
names = st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9_]{0,47}\Z")


@given(partitions, regions, accounts, runtime_ids)
def test_every_runtime_arn_survives_a_round_trip(
    partition: str, region: str, account: str, runtime_id: str
) -> None:
    text = f"arn:{partition}:bedrock-agentcore:{region}:{account}:runtime/{runtime_id}"
    arn = RuntimeArn.parse(text)
    assert str(arn) == text
    assert arn == RuntimeArn(partition, region, account, runtime_id)


@given(partitions, regions, accounts, runtime_ids, names)
def test_every_endpoint_arn_survives_a_round_trip(
    partition: str, region: str, account: str, runtime_id: str, name: str
) -> None:
    runtime = RuntimeArn(partition, region, account, runtime_id)
    text = f"{runtime}/runtime-endpoint/{name}"
    assert str(runtime.endpoint(name)) == text
    assert RuntimeArn.parse(text) == runtime.endpoint(name)
    assert RuntimeArn.parse(text).runtime == runtime


@given(st.text() | st.text(alphabet="arn:ws/untime-0bedockg").map(lambda text: f"arn:{text}"))
def test_what_can_be_read_is_written_as_it_was_and_all_else_is_refused(text: str) -> None:
    try:
        read = str(RuntimeArn.parse(text))
    except InvalidArn:
        return
    assert read == text


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ("", "prefix"),
        (TEXT.replace("arn:", "urn:"), "prefix"),
        (f" {TEXT}", "prefix"),
        ("arn:aws:bedrock-agentcore", "ARN"),
        (TEXT.replace("aws", "amazon"), "partition"),
        (TEXT.replace("aws", "aws-"), "partition"),
        (TEXT.replace("bedrock-agentcore", "lambda"), "service"),
        (TEXT.replace("us-east-1", ""), "region"),
        (TEXT.replace("us-east-1", "US-EAST-1"), "region"),
        (TEXT.replace("us-east-1", "us-east-1.evil.example/"), "region"),
        (TEXT.replace("111122223333", "11112222333"), "account"),
        (TEXT.replace("111122223333", "\uff11" * 12), "account"),
        (TEXT.replace("runtime/", "agent/"), "resource"),
        (TEXT.replace("runtime/", "runtime:"), "resource"),
        (f"{TEXT}/live", "resource"),
        (f"{TEXT}/endpoint/live", "resource"),
        (TEXT.replace("-AbCdEfGhIj", "-AbCdEfGhI"), "runtime"),
        (TEXT.replace("onboarding", "9lives"), "runtime"),
        (TEXT.replace("onboarding", "a" * 49), "runtime"),
        (f"{TEXT}\n", "runtime"),
        (f"{TEXT}/runtime-endpoint/", "endpoint"),
        (f"{TEXT}/runtime-endpoint/li-ve", "endpoint"),
    ],
)
def test_the_wrong_part_is_named(wrong: str, part: str) -> None:
    with pytest.raises(InvalidArn) as caught:
        RuntimeArn.parse(wrong)
    assert caught.value.part == part


def test_of_a_long_text_a_part_is_shown() -> None:
    with pytest.raises(InvalidArn) as caught:
        RuntimeArn.parse("x" * 10_000)
    assert len(str(caught.value)) < 200
