"""What services take at most, checked before a resource is made or changed.

From the quotas of each service's guide and the constraints of its API, with the words of its API
where they are known. Tags that begin with ``aws:`` are AWS's own and do not count.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension.cloudformation.lifecycle.rules import Properties

Limit = Callable[[Properties], None]

_ENVIRONMENT_BYTES = 4096
_TAGS = 50
_ROLE_POLICY_CHARACTERS = 10_240
_USER_POLICY_CHARACTERS = 2_048
_TRUST_POLICY_CHARACTERS = 2_048
_MANAGED_POLICY_CHARACTERS = 6_144
_POLICIES_OF_A_ROLE = 10
_KEY_POLICY_BYTES = 32_768
_QUEUE_POLICY_BYTES = 30_720
_TOPIC_POLICY_BYTES = 30_720
_BUCKET_POLICY_BYTES = 20_480
_FUNCTION_POLICY_BYTES = 20_480
_DASHBOARD_WIDGETS = 500
_DASHBOARD_BYTES = 1_048_576
_COMPOSITE_RULE_CHARACTERS = 10_240
_ACTIONS_OF_AN_ALARM = 5
_QUERIES_OF_AN_ALARM = 20
_TARGETS_OF_A_RULE = 5
_INDEXES = 20
_LOCAL_INDEXES = 5
#: Of an alarm with a period below an hour; with a longer one it is seven days.
_ALARM_SPAN_S = 86_400
_LONG_ALARM_SPAN_S = 7 * 86_400
_LONG_PERIOD_S = 3_600
_SHORT_PERIODS_S = (10, 20, 30)
_MINUTE_S = 60
#: The days that CloudWatch Logs can keep events for.
_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
#: What a function's environment cannot set; Lambda does.
_RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def _name(property_name: str, pattern: str) -> Limit:
    """A name within the service's own pattern, which has its length."""

    def check(properties: Properties) -> None:
        name = properties.get(property_name)
        if name is not None and not re.fullmatch(pattern, str(name)):
            raise ValueError(
                f"Value '{name}' at '{property_name}' failed to satisfy constraint: Member must "
                f"satisfy regular expression pattern: {pattern}"
            )

    return check


def _between(path: str, low: int, high: int) -> Limit:
    """A number within its range."""

    def check(properties: Properties) -> None:
        value: Any = properties
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None and not low <= int(value) <= high:
            bound, side = (low, "greater") if int(value) < low else (high, "less")
            raise ValueError(
                f"Value '{value}' at '{path}' failed to satisfy constraint: Member must have value "
                f"{side} than or equal to {bound}"
            )

    return check


def _at_most(property_name: str, most: int) -> Limit:
    """A list of no more members than that."""

    def check(properties: Properties) -> None:
        given: Sequence[Any] = properties.get(property_name) or ()
        if len(given) > most:
            raise ValueError(
                f"Value at '{property_name}' failed to satisfy constraint: Member must have length "
                f"less than or equal to {most}"
            )

    return check


def _document(property_name: str, most: int, words: str) -> Limit:
    """A policy of no more bytes than that, as it is sent."""

    def check(properties: Properties) -> None:
        if _size(properties.get(property_name)) > most:
            raise ValueError(words)

    return check


def _tags(properties: Properties) -> None:
    tags = properties.get("Tags") or []
    keys = list(tags) if isinstance(tags, Mapping) else [tag["Key"] for tag in tags]
    own = [key for key in keys if not key.startswith("aws:")]
    if len(own) > _TAGS:
        raise ValueError(f"Number of tags {len(own)} exceeds the limit of {_TAGS} for a resource")


def _environment(properties: Properties) -> None:
    variables = (properties.get("Environment") or {}).get("Variables") or {}
    reserved = sorted(set(variables) & _RESERVED_VARIABLES)
    if reserved:
        raise ValueError(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    if _size(variables) > _ENVIRONMENT_BYTES:
        raise ValueError(
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the 4KB limit: {_size(variables)} bytes"
        )


def _size(document: Any) -> int:
    if not document:
        return 0
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    return len(text.encode())


def _characters(document: Any) -> int:
    """A policy's size as IAM counts it: without white space."""
    return _size(json.loads(document) if isinstance(document, str) else document)


def _role(properties: Properties) -> None:
    if len(properties.get("ManagedPolicyArns") or ()) > _POLICIES_OF_A_ROLE:
        raise ValueError(f"Cannot exceed quota for PoliciesPerRole: {_POLICIES_OF_A_ROLE}")
    if _characters(properties["AssumeRolePolicyDocument"]) > _TRUST_POLICY_CHARACTERS:
        raise ValueError(f"Cannot exceed quota for ACLSizePerRole: {_TRUST_POLICY_CHARACTERS}")
    own = [policy["PolicyDocument"] for policy in properties.get("Policies") or ()]
    _inline(own, _ROLE_POLICY_CHARACTERS, f"role {properties.get('RoleName', '')}")


def _user(properties: Properties) -> None:
    own = [policy["PolicyDocument"] for policy in properties.get("Policies") or ()]
    _inline(own, _USER_POLICY_CHARACTERS, f"user {properties.get('UserName', '')}")


def _policy(properties: Properties) -> None:
    """An inline policy counts with what its role has already."""
    for role in properties.get("Roles") or ():
        held: Mapping[str, Any] = iam._roles[role]["InlinePolicies"] if role in iam._roles else {}
        others = [text for name, text in held.items() if name != properties["PolicyName"]]
        every = [*others, properties["PolicyDocument"]]
        _inline(every, _ROLE_POLICY_CHARACTERS, f"role {role}")


def _inline(documents: Sequence[Any], most: int, owner: str) -> None:
    if sum(_characters(document) for document in documents) > most:
        raise ValueError(f"Maximum policy size of {most} bytes exceeded for {owner}".rstrip())


def _managed_policy(properties: Properties) -> None:
    if _characters(properties["PolicyDocument"]) > _MANAGED_POLICY_CHARACTERS:
        raise ValueError(f"Cannot exceed quota for PolicySize: {_MANAGED_POLICY_CHARACTERS}")


def _permission(properties: Properties) -> None:
    """A function's policy is all the permissions on it, and has a limit as a whole."""
    function, *_ = provisioners._lambda_function_for_cfn_ref(properties["FunctionName"])
    size = _size(properties) + (_size(function["policy"]) if function else 0)
    if size > _FUNCTION_POLICY_BYTES:
        raise ValueError(
            f"The final policy size ({size}) is bigger than the limit ({_FUNCTION_POLICY_BYTES})."
        )


def _retention(properties: Properties) -> None:
    days = properties.get("RetentionInDays")
    if days is not None and int(days) not in _RETENTION_DAYS:
        raise ValueError(
            f"{days} is not a valid enum value for RetentionInDays, which is one of "
            f"{', '.join(map(str, _RETENTION_DAYS))}"
        )


def _alarm(properties: Properties) -> None:
    for query in properties.get("Metrics") or ():
        _period(query.get("Period") or (query.get("MetricStat") or {}).get("Period"))
    period = properties.get("Period")
    _period(period)
    if period is None:
        return
    span = int(period) * int(properties["EvaluationPeriods"])
    most = _ALARM_SPAN_S if int(period) < _LONG_PERIOD_S else _LONG_ALARM_SPAN_S
    if span > most:
        raise ValueError(
            f"Metrics cannot be checked across more than {most} seconds (EvaluationPeriods * "
            f"Period must be <= {most})"
        )


def _period(period: Any) -> None:
    if period is not None and int(period) % _MINUTE_S and int(period) not in _SHORT_PERIODS_S:
        raise ValueError(f"Period must be 10, 20, 30 or a multiple of 60 and is {period}")


def _dashboard(properties: Properties) -> None:
    body = properties["DashboardBody"]
    if _size(body) > _DASHBOARD_BYTES:
        raise ValueError(f"The dashboard body is over {_DASHBOARD_BYTES} bytes")
    widgets = (json.loads(body) if isinstance(body, str) else body).get("widgets", [])
    if len(widgets) > _DASHBOARD_WIDGETS:
        raise ValueError(
            f"The dashboard has {len(widgets)} widgets, over the {_DASHBOARD_WIDGETS} it can have"
        )


def _alarm_rule(properties: Properties) -> None:
    if len(properties["AlarmRule"]) > _COMPOSITE_RULE_CHARACTERS:
        raise ValueError(f"The AlarmRule is over {_COMPOSITE_RULE_CHARACTERS} characters")


def _actions() -> tuple[Limit, ...]:
    names = ("AlarmActions", "OKActions", "InsufficientDataActions")
    return tuple(_at_most(name, _ACTIONS_OF_AN_ALARM) for name in names)


LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "AWS::CloudWatch::Alarm": (
        _name("AlarmName", r"[\x20-\x7e\xa0-\U0010ffff]{1,255}"),
        _at_most("Metrics", _QUERIES_OF_AN_ALARM),
        *_actions(),
        _alarm,
    ),
    "AWS::CloudWatch::CompositeAlarm": (
        _name("AlarmName", r"[\x20-\x7e\xa0-\U0010ffff]{1,255}"),
        *_actions(),
        _alarm_rule,
    ),
    "AWS::CloudWatch::Dashboard": (
        _name("DashboardName", r"[A-Za-z0-9_-]{1,255}"),
        _dashboard,
    ),
    "AWS::DynamoDB::Table": (
        _name("TableName", r"[a-zA-Z0-9_.-]{3,255}"),
        _at_most("GlobalSecondaryIndexes", _INDEXES),
        _at_most("LocalSecondaryIndexes", _LOCAL_INDEXES),
    ),
    "AWS::ECR::Repository": (
        _name(
            "RepositoryName",
            r"(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
        ),
    ),
    "AWS::Events::Rule": (
        _name("Name", r"[.\-_A-Za-z0-9]{1,64}"),
        _at_most("Targets", _TARGETS_OF_A_RULE),
    ),
    "AWS::IAM::ManagedPolicy": (_name("ManagedPolicyName", r"[\w+=,.@-]{1,128}"), _managed_policy),
    "AWS::IAM::Policy": (_name("PolicyName", r"[\w+=,.@-]{1,128}"), _policy),
    "AWS::IAM::Role": (
        _name("RoleName", r"[\w+=,.@-]{1,64}"),
        _between("MaxSessionDuration", 3_600, 43_200),
        _role,
    ),
    "AWS::IAM::User": (_name("UserName", r"[\w+=,.@-]{1,64}"), _user),
    "AWS::KMS::Alias": (_name("AliasName", r"alias/[a-zA-Z0-9/_-]{1,250}"),),
    "AWS::KMS::Key": (
        _between("PendingWindowInDays", 7, 30),
        _between("RotationPeriodInDays", 90, 2_560),
        _document("KeyPolicy", _KEY_POLICY_BYTES, "The key policy is over 32 KB (LimitExceeded)"),
    ),
    "AWS::Lambda::Function": (
        _name("FunctionName", r"[a-zA-Z0-9-_]{1,64}"),
        _name("Description", r"[\s\S]{0,256}"),
        _between("Timeout", 1, 900),
        _between("EphemeralStorage.Size", 512, 10_240),
        _environment,
    ),
    "AWS::Lambda::Permission": (_permission,),
    "AWS::Lambda::Alias": (_name("Name", r"(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}"),),
    "AWS::Lambda::EventInvokeConfig": (
        _between("MaximumEventAgeInSeconds", 60, 21_600),
        _between("MaximumRetryAttempts", 0, 2),
    ),
    "AWS::Logs::LogGroup": (_name("LogGroupName", r"[.\-_/#A-Za-z0-9]{1,512}"), _retention),
    "AWS::S3::Bucket": (_name("BucketName", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),),
    "AWS::S3::BucketPolicy": (
        _document("PolicyDocument", _BUCKET_POLICY_BYTES, "Policy exceeds the maximum allowed"),
    ),
    "AWS::SecretsManager::Secret": (_name("Name", r"[A-Za-z0-9/_+=.@-]{1,512}"),),
    "AWS::SNS::Topic": (
        _name("TopicName", r"[A-Za-z0-9_-]{1,256}"),
        _name("DisplayName", r"[\s\S]{0,100}"),
    ),
    "AWS::SNS::TopicPolicy": (
        _document("PolicyDocument", _TOPIC_POLICY_BYTES, "Invalid parameter: Policy is too long"),
    ),
    "AWS::SQS::Queue": (_name("QueueName", r"(?=.{1,80}$)[A-Za-z0-9_-]+(?:\.fifo)?"),),
    "AWS::SQS::QueuePolicy": (
        _document("PolicyDocument", _QUEUE_POLICY_BYTES, "The policy of the queue is too long"),
    ),
    "AWS::SSM::Parameter": (_name("Name", r"[a-zA-Z0-9_.\-/]{1,1011}"),),
    "AWS::WAFv2::WebACL": (_name("Name", r"[\w-]{1,128}"),),
}


def check(resource_type: str, properties: Properties) -> None:
    """Refuse what is beyond a limit.

    Raises:
        ValueError: Something is; with the service's words.
    """
    _tags(properties)
    for limit in LIMITS.get(resource_type, ()):
        limit(properties)
