"""What the control plane keeps: versions never change, names point at them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devtools.localcloud.extension.agentcore.records import Runtimes, check_lifecycle
from devtools.localcloud.extension.agentcore.refusal import Refused

PREFIX = "arn:aws:bedrock-agentcore:us-east-1:000000000000:"
CODE = Path("code")


@pytest.fixture
def runtimes() -> Runtimes:
    moments = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(1000))
    return Runtimes(PREFIX, lambda: next(moments))


def test_a_new_runtime_has_version_one_and_default(runtimes: Runtimes) -> None:
    runtime = runtimes.create("agent", {"description": "first"}, CODE)
    assert runtime.arn == f"{PREFIX}runtime/{runtime.id}"
    assert runtime.newest.number == 1
    assert runtime.endpoint("DEFAULT").arn == f"{runtime.arn}/runtime-endpoint/DEFAULT"
    assert runtimes.find(runtime.id) is runtime


def test_ids_are_the_name_and_ten_characters_that_differ(runtimes: Runtimes) -> None:
    first = runtimes.create("agent", {}, CODE)
    runtimes.delete(first.id)
    second = runtimes.create("agent", {}, CODE)
    assert first.id != second.id
    assert [len(each.id) for each in (first, second)] == [len("agent-") + 10] * 2


def test_default_follows_the_newest_version_and_a_named_endpoint_stays(runtimes: Runtimes) -> None:
    runtime = runtimes.create("agent", {"description": "first"}, CODE)
    runtimes.create_endpoint(runtime.id, "live", None, None)
    runtimes.update(runtime.id, {}, CODE)
    assert target(runtimes, runtime.arn, "DEFAULT") == 2
    assert target(runtimes, runtime.arn, "live") == 1
    runtimes.update_endpoint(runtime.id, "live", "2", None)
    assert target(runtimes, runtime.arn, "live") == 2
    # What the update did not give is not kept, and the old version is as it was.
    assert runtime.version("2").configuration == {}
    assert runtime.version("1").configuration == {"description": "first"}


def test_an_endpoints_description_stays_unless_told(runtimes: Runtimes) -> None:
    runtime = runtimes.create("agent", {}, CODE)
    endpoint = runtimes.create_endpoint(runtime.id, "live", "1", "said")
    runtimes.update_endpoint(runtime.id, "live", "1", None)
    assert endpoint.description == "said"
    assert endpoint.changed > endpoint.made


def test_a_runtime_with_endpoints_is_not_deleted(runtimes: Runtimes) -> None:
    runtime = runtimes.create("agent", {}, CODE)
    runtimes.create_endpoint(runtime.id, "live", None, None)
    with pytest.raises(Refused, match="has endpoints that must be deleted first") as refused:
        runtimes.delete(runtime.id)
    assert refused.value.code == "ConflictException"
    runtimes.delete_endpoint(runtime.id, "live")
    runtimes.delete(runtime.id)
    assert runtimes.all() == []


@pytest.mark.parametrize(
    ("do", "code"),
    [
        (lambda all_, one: all_.create(one.name, {}, CODE), "ConflictException"),
        (lambda all_, one: all_.create_endpoint(one.id, "DEFAULT", None, None), "Conflict"),
        (lambda all_, one: all_.update_endpoint(one.id, "DEFAULT", "1", None), "Conflict"),
        (lambda all_, one: all_.delete_endpoint(one.id, "DEFAULT"), "ConflictException"),
        (lambda all_, one: all_.create_endpoint(one.id, "live", "2", None), "ResourceNotFound"),
        (lambda all_, one: all_.delete_endpoint(one.id, "live"), "ResourceNotFound"),
        (lambda all_, one: all_.update("agent-0000000000", {}, CODE), "ResourceNotFound"),
        (lambda all_, one: all_.delete("agent-0000000000"), "ResourceNotFound"),
        (lambda all_, one: all_.target(f"{PREFIX}runtime/no-0000000000", "DEFAULT"), "Resource"),
        (lambda all_, one: all_.target(one.arn.replace("us-", "eu-"), "DEFAULT"), "Resource"),
        (lambda all_, one: all_.target(one.arn, "live"), "ResourceNotFoundException"),
        (lambda all_, one: all_.by_arn(f"{one.arn}/runtime-endpoint/live"), "ResourceNotFound"),
    ],
)
def test_what_does_not_go_is_refused_and_changes_nothing(
    runtimes: Runtimes, do: Callable[[Runtimes, Any], object], code: str
) -> None:
    runtime = runtimes.create("agent", {}, CODE)
    with pytest.raises(Refused) as refused:
        do(runtimes, runtime)
    assert refused.value.code.startswith(code)
    assert [each.id for each in runtimes.all()] == [runtime.id]
    assert list(runtime.versions) == [1]
    assert list(runtime.endpoints) == ["DEFAULT"]


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({}, True),
        ({"idleRuntimeSessionTimeout": 900, "maxLifetime": 900}, True),
        ({"idleRuntimeSessionTimeout": 901, "maxLifetime": 900}, False),
        ({"maxLifetime": 899}, False),  # the default idle time is longer
        ({"idleRuntimeSessionTimeout": 28_800}, True),
        ({"idleRuntimeSessionTimeout": 60, "maxLifetime": 28_801}, False),
    ],
)
def test_a_session_lives_as_long_as_it_may_idle(given: dict[str, int], allowed: bool) -> None:
    configuration = {"lifecycleConfiguration": given}
    if allowed:
        check_lifecycle(configuration)
    else:
        with pytest.raises(Refused):
            check_lifecycle(configuration)


def target(runtimes: Runtimes, arn: str, qualifier: str) -> int:
    return runtimes.target(arn, qualifier)[2].number
