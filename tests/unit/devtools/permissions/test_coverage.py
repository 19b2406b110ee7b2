"""Each way to grant too much or too little is found, and named."""

from typing import Any

import pytest

from devtools.permissions import PermissionsError, read_policies, read_record
from tests.unit.devtools.permissions.conftest import FILES, TABLE, App, Plant


def test_an_app_whose_grants_are_all_used_has_no_finding(app: App) -> None:
    found = app.cover()
    assert found.findings == ()
    assert (found.grants, found.used, found.excused) == (5, 5, 0)
    assert str(found) == "5 grants: 5 used by 6 calls, 0 excused, 0 unused"


def _one_action_more(app: App) -> None:
    app.statements[0]["Action"].append("dynamodb:DeleteItem")


def _one_resource_more(app: App) -> None:
    other = {"Fn::GetAtt": ["Other", "Arn"]}
    app.statements[0]["Resource"] = [TABLE, other]


def _every_file(app: App) -> None:
    app.statements[1]["Resource"]["Fn::Join"][1][1] = "/*"


def _every_table(app: App) -> None:
    app.statements[0]["Resource"] = "arn:aws:dynamodb:*:*:table/*"


def _every_action(app: App) -> None:
    app.statements[1]["Action"] = "s3:Get*"


def _one_prefix_more(app: App) -> None:
    app.statements[2]["Condition"]["StringLike"]["s3:prefix"].append("report/*")


def _another_policy(app: App) -> None:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    app.resources["More"] = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "Roles": [{"Ref": "Role"}],
            "PolicyDocument": {"Statement": [statement]},
        },
    }


def _a_managed_policy(app: App) -> None:
    app.policy["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]


@pytest.mark.parametrize(
    ("widen", "said"),
    [
        (
            _one_action_more,
            "unused: App-dev/Role: dynamodb:DeleteItem on <Table.Arn>: "
            "granted, and no call used it",
        ),
        (
            _one_resource_more,
            "unused: App-dev/Role: dynamodb:GetItem on <Other.Arn>: granted, and no call used it",
        ),
        (
            _every_file,
            "wide: App-dev/Role: s3:GetObject on <Store:BucketArn>/*: "
            "arn:aws:s3:::files-1/terrain/* would have been enough",
        ),
        (
            _every_table,
            "wide: App-dev/Role: dynamodb:GetItem on arn:aws:dynamodb:*:*:table/*: "
            "arn:aws:dynamodb:r:1:table/Records-1 would have been enough",
        ),
        (
            _every_action,
            "wide: App-dev/Role: s3:Get* on <Store:BucketArn>/terrain/*: the action is a pattern",
        ),
        (
            _one_prefix_more,
            "unused: App-dev/Role: s3:ListBucket on <Store:BucketArn>, s3:prefix report/*: "
            "no call used it",
        ),
        (
            _another_policy,
            "unused: App-dev/Role: sqs:SendMessage on *: granted, and no call used it",
        ),
        (
            _a_managed_policy,
            "borrowed: App-dev/Role: has arn:aws:iam::aws:policy/ReadOnlyAccess, "
            "and no template says what that grants",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_policy_that_is_too_wide_is_found(app: App, widen: Plant, said: str) -> None:
    widen(app)
    assert said in app.findings()


def _one_action_less(app: App) -> None:
    app.statements[0]["Action"].remove("dynamodb:PutItem")


def _one_statement_less(app: App) -> None:
    del app.statements[3]


def _another_file(app: App) -> None:
    app.statements[1]["Resource"]["Fn::Join"][1][1] = "/terrain/project-1/*"


def _another_key(app: App) -> None:
    keys = app.statements[0]["Condition"]["ForAllValues:StringLike"]
    keys["dynamodb:LeadingKeys"] = ["terrain#1"]


def _denied(app: App) -> None:
    app.statements.append({"Effect": "Deny", "Action": "s3:*", "Resource": FILES})


def _of_another_service(app: App) -> None:
    app.statements[3]["Condition"] = {"StringEquals": {"kms:ViaService": "s3.r.amazonaws.com"}}


def _not_safe(app: App) -> None:
    app.statements[3]["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}


@pytest.mark.parametrize(
    ("narrow", "said"),
    [
        (_one_action_less, "dynamodb:PutItem on arn:aws:dynamodb:r:1:table/Records-1"),
        (_one_statement_less, "xray:PutTraceSegments on *"),
        (_another_file, "s3:GetObject on arn:aws:s3:::files-1/terrain/project-2/a"),
        (_another_key, "dynamodb:PutItem on arn:aws:dynamodb:r:1:table/Records-1"),
        (_denied, "s3:GetObject on arn:aws:s3:::files-1/terrain/project-1/a"),
        (_of_another_service, "xray:PutTraceSegments on *"),
        (_not_safe, "xray:PutTraceSegments on *"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("partial", [False, True])
def test_a_policy_that_is_too_narrow_is_found(
    app: App, narrow: Plant, said: str, *, partial: bool
) -> None:
    narrow(app)
    findings = [str(finding) for finding in app.cover(partial=partial).findings]
    assert f"denied: App-dev/Role: {said}: was allowed, and no more by these templates" in findings


def test_a_call_that_was_refused_is_found(app: App) -> None:
    app.call("s3:DeleteObject", "arn:aws:s3:::files-1/terrain/a", allowed=False)
    assert app.findings() == [
        "denied: App-dev/Role: s3:DeleteObject on arn:aws:s3:::files-1/terrain/a"
    ]


def test_a_call_that_was_refused_while_its_grant_was_taken_away_is_no_use_of_it(app: App) -> None:
    """As tests take it away, to see what becomes of a refusal."""
    for line in app.lines[1:]:
        if line["action"] == "xray:PutTraceSegments":
            line["allowed"] = False
    assert app.findings() == [
        "unused: App-dev/Role: xray:PutTraceSegments on *: granted, and no call used it"
    ]


def test_calls_of_other_apps_roles_are_none_of_this_ones(app: App) -> None:
    app.call("s3:DeleteObject", "arn:aws:s3:::x/y", allowed=False, principal="Other")
    assert app.findings() == []


def test_of_some_calls_only_what_is_denied_is_wrong(app: App) -> None:
    del app.lines[2:]
    found = app.cover(partial=True)
    assert found.findings == ()
    assert found.used < found.grants


def test_a_template_whose_resources_are_not_deployed_has_grants_that_nothing_used(
    app: App,
) -> None:
    app.lines[0]["values"] = {}
    unused = [line for line in app.findings() if line.startswith("unused")]
    assert len(unused) == 4


EXCUSE = """
deleting:
  kind: unused
  principals: App-*/Role
  actions: [dynamodb:DeleteItem]
  resources: "*"
  reason: Somebody may want to.
"""


def test_an_excuse_covers_what_it_names(app: App) -> None:
    _one_action_more(app)
    app.excuses = EXCUSE
    found = app.cover()
    assert found.findings == ()
    assert (found.grants, found.used, found.excused) == (6, 5, 1)


@pytest.mark.parametrize(
    "other", [("App-*/Role", "App-*/R"), ("DeleteItem", "Scan"), ('"*"', "y"), ("unused", "wide")]
)
def test_an_excuse_covers_nothing_else(app: App, other: tuple[str, str]) -> None:
    _one_action_more(app)
    app.excuses = EXCUSE.replace(*other)
    assert [line.partition(":")[0] for line in app.findings()] == ["unused", "stale"]


def test_a_managed_policy_may_be_excused(app: App) -> None:
    _a_managed_policy(app)
    app.excuses = EXCUSE.replace("unused", "borrowed").replace("[dynamodb:DeleteItem]", '"*"')
    assert app.findings() == []


def test_an_excuse_that_nothing_needs_is_found(app: App) -> None:
    app.excuses = EXCUSE
    assert app.findings() == ["stale: deleting: excuses nothing; take it out"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", None),
        ("- a", "not a mapping of excuses"),
        ("a: b", "a: not a mapping of"),
        ("a: [", "not valid YAML"),
        (EXCUSE.replace("Somebody may want to.", '" "'), "deleting: has no reason"),
        (EXCUSE.replace("unused", "denied"), "deleting: kind is not one of borrowed, unused, wide"),
        (EXCUSE.replace('"*"', "[]"), "deleting: resources is no pattern"),
        (EXCUSE.replace('"*"', "[1]"), "deleting: resources is no pattern"),
        (EXCUSE.replace("actions", "action"), "deleting: action is missing, or not known"),
        (EXCUSE + EXCUSE, "stands here twice"),
    ],
)
def test_a_file_of_excuses_that_is_none_is_refused(app: App, text: str, said: str | None) -> None:
    app.excuses = text
    if said is None:
        assert app.cover().findings == ()
        return
    with pytest.raises(PermissionsError, match=said) as refused:
        app.cover()
    assert "\n" not in str(refused.value)


def _not_resource(statement: dict[str, Any]) -> None:
    statement["NotResource"] = statement.pop("Resource")


def _select(statement: dict[str, Any]) -> None:
    statement["Resource"] = {"Fn::Select": [0, ["a"]]}


def _operator(statement: dict[str, Any]) -> None:
    statement["Condition"] = {"NumericLessThan": {"s3:max-keys": "10"}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_not_resource, "NotResource grants what nobody can list"),
        (_select, "which is not understood here"),
        (_operator, "the condition operator NumericLessThan is not known here"),
    ],
)
def test_what_is_not_understood_is_refused(app: App, change: Any, said: str) -> None:
    change(app.statements[3])
    with pytest.raises(PermissionsError, match=said):
        app.cover()


def test_what_cannot_be_read_is_refused_in_one_line(app: App) -> None:
    templates, record, _ = app.write()
    record.write_text('{"stack": "App-dev"}\n')
    for read in (
        lambda: read_record(record),
        lambda: read_record(templates / "none.jsonl"),
        lambda: read_policies(templates / "none"),
    ):
        with pytest.raises(PermissionsError) as refused:
            read()
        assert "\n" not in str(refused.value)
