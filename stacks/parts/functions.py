"""What every Lambda function here has: its log group, its runtime, and how it logs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import AssetHashType, RemovalPolicy, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.bundling.archive import Archive
from stacks.checks import acknowledge
from stacks.names import PROJECT
from stacks.parts.network import Attachment, policies_of
from stacks.parts.statements import allow
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.function import Architecture
from stacks.settings.retention import LOG_RETENTION
from tradewind.contracts.names import OptionalEnvVar

_ARCHITECTURES: Final = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}
#: Bytes of all of a function's environment variables, their names included: "4 KB" (AWS Lambda
#: Developer Guide, Lambda quotas).
_VARIABLES_LENGTH: Final = 4_096
#: Bytes of a name that AWS has yet to make: a bucket's at most.
_UNKNOWN_LENGTH: Final = 63


def code_of(bundle: Archive) -> lambda_.Code:
    """A bundle as a function's code, known by what is in it."""
    return lambda_.Code.from_asset(
        str(bundle.path), asset_hash=bundle.sha256, asset_hash_type=AssetHashType.CUSTOM
    )


def logging_variables(settings: Settings, function: str) -> dict[str, str]:
    """How a function logs, its metrics included; ``telemetry`` reads these."""
    detailed: dict[str, str] = (
        {OptionalEnvVar.DETAILED_METRICS: "1"} if settings.watching.detailed_metrics else {}
    )
    return {
        "POWERTOOLS_SERVICE_NAME": f"{PROJECT}-{function}",
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
        **detailed,
    }


def function_logs(
    scope: Construct,
    *,
    name: str,
    key: kms.IKey,
    retention_days: int,
    removal_policy: RemovalPolicy,
) -> logs.LogGroup:
    """The log group of the function in ``scope``."""
    return logs.LogGroup(
        scope,
        "Logs",
        log_group_name=name,
        encryption_key=key,
        retention=logs.RetentionDays[LOG_RETENTION[retention_days]],
        removal_policy=removal_policy,
    )


def function_role(
    scope: Construct,
    *,
    description: str,
    log_group_arn: str,
    policies: Mapping[str, Sequence[iam.PolicyStatement]],
    attached: Attachment | None,
) -> iam.Role:
    """The role of the function in ``scope``: what its policies allow, and to write its log."""
    role = service_role(
        scope,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description=description,
        policies={
            "Logs": [own_log(log_group_arn)],
            **policies,
            **policies_of(attached, scope),
        },
    )
    if attached is not None:
        attached.acknowledge(role)
    return role


def own_log(log_group_arn: str) -> iam.PolicyStatement:
    """What a function needs to write its log."""
    # CloudFormation's ARN of a log group ends in ":*": all of its streams.
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group_arn])


def service_role(
    scope: Construct,
    *,
    assumed_by: iam.IPrincipal,
    description: str,
    policies: Mapping[str, Sequence[iam.PolicyStatement]],
) -> iam.Role:
    """The role in ``scope`` of what a service runs.

    Its policies are inline and complete when the role exists: nothing is created, or called, before
    what it may do. ``without_policy_updates`` keeps constructs from adding to it.
    """
    return iam.Role(
        scope,
        "Role",
        assumed_by=assumed_by,
        description=description,
        inline_policies={
            name: iam.PolicyDocument(statements=[*statements])
            for name, statements in policies.items()
        },
    )


def _check_variables(function: str, environment: Mapping[str, str]) -> None:
    length = sum(
        len(name) + (_UNKNOWN_LENGTH if Token.is_unresolved(value) else len(value.encode()))
        for name, value in environment.items()
    )
    if length > _VARIABLES_LENGTH:
        raise SettingsError(
            f"{function}: its environment variables have {length} bytes; Lambda takes "
            f"{_VARIABLES_LENGTH}: shorten what endpoints, budgets, runtimes or otlp_endpoint say"
        )


def python_function(
    scope: Construct,
    *,
    architecture: Architecture,
    environment: Mapping[str, str],
    log_group: logs.ILogGroup,
    log_level: str,
    attached: Attachment | None,
    runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_12,
    **own: Any,
) -> lambda_.Function:
    """The function in ``scope``; ``own`` is what it has besides.

    Raises:
        SettingsError: Its environment variables are more than Lambda takes.
    """
    _check_variables(str(own["function_name"]), environment)
    function = lambda_.Function(
        scope,
        "Function",
        runtime=runtime,
        architecture=_ARCHITECTURES[architecture],
        environment=dict(environment),
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        # Lambda takes a line without a level for one of INFO, and metrics are such lines: above
        # INFO it would drop them. What else the settings' level drops, the logger does not write.
        application_log_level_v2=(
            lambda_.ApplicationLogLevel.DEBUG
            if log_level == "DEBUG"
            else lambda_.ApplicationLogLevel.INFO
        ),
        # Its REPORT lines carry the only init duration Lambda gives.
        system_log_level_v2=lambda_.SystemLogLevel.INFO,
        # The version before is what there is to go back to. One whose own deployment failed goes:
        # nobody should go back to it, and Lambda publishes none of the same code beside it.
        current_version_options=lambda_.VersionOptions(
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        ),
        **own,
    )
    if attached is not None:
        attached.attach(function)
    acknowledge(
        function,
        "AwsSolutions-L1",
        "Its bundle is resolved, compiled and tested for this version, a supported runtime.",
    )
    return function
