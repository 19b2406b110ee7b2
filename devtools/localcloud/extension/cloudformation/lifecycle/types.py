"""Every resource type that is honoured, with its rules.

The words about taken names are the services' own where CloudFormation passes them on, and those of
its resource handlers (``HandlerErrorCode: AlreadyExists``) elsewhere.
"""

import json
from collections.abc import Mapping

from ministack.services import (
    cloudwatch,
    cloudwatch_logs,
    dynamodb,
    ecr,
    eventbridge,
    iam,
    kms,
    lambda_svc,
    s3,
    secretsmanager,
    sns,
)

from devtools.localcloud.extension.cloudformation.lifecycle import (
    changes,
    gateway,
    queues,
    removals,
)
from devtools.localcloud.extension.cloudformation.lifecycle.rules import (
    Name,
    Properties,
    Rules,
    already,
    property_named,
    said,
)
from devtools.localcloud.running import ACCOUNT_ID, REGION

#: What has no name that could be taken and may go whenever it is asked to.
_FREE = Rules()


def _topic_arn(properties: Properties) -> str | None:
    name = properties.get("TopicName")
    return name and f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:{name}"


def _managed_policy_arn(properties: Properties) -> str | None:
    name = properties.get("ManagedPolicyName")
    return name and f"arn:aws:iam::{ACCOUNT_ID}:policy{properties.get('Path', '/')}{name}"


def _alias_arn(properties: Properties) -> str | None:
    name = properties.get("AliasName")
    return name and str(kms._alias_arn(name))


def _is_alarm(name: str) -> bool:
    """Metric and composite alarms have their names in common."""
    return name in cloudwatch._alarms or name in cloudwatch._composite_alarms


def _rule_key(properties: Properties) -> str | None:
    name = properties.get("Name")
    return name and str(eventbridge._rule_key(name, properties.get("EventBusName", "default")))


def _secret_exists(name: str) -> str:
    if secretsmanager._secrets[name]["DeletedDate"]:
        return (
            "You can't create this secret because a secret with this name is already scheduled "
            "for deletion."
        )
    return f"The operation failed because the secret {name} already exists."


RULES: Mapping[str, Rules] = {
    "AWS::ApiGateway::Account": _FREE,  # an account has one, and each stack writes it anew
    "AWS::ApiGateway::ApiKey": Rules(gateway.API_KEY),
    "AWS::ApiGateway::Authorizer": Rules(gateway.AUTHORIZER),
    "AWS::ApiGateway::Deployment": Rules(removal=gateway.remove_deployment),
    "AWS::ApiGateway::GatewayResponse": _FREE,  # put, not created
    "AWS::ApiGateway::Method": Rules(gateway.METHOD),
    "AWS::ApiGateway::Model": Rules(gateway.MODEL),
    "AWS::ApiGateway::RequestValidator": _FREE,
    "AWS::ApiGateway::Resource": Rules(gateway.RESOURCE),
    "AWS::ApiGateway::RestApi": _FREE,
    "AWS::ApiGateway::Stage": Rules(gateway.STAGE),
    "AWS::ApiGateway::UsagePlan": _FREE,
    "AWS::ApiGateway::UsagePlanKey": _FREE,
    # The services themselves refuse a second profile, runtime or endpoint of a name.
    "AWS::Bedrock::ApplicationInferenceProfile": _FREE,
    "AWS::BedrockAgentCore::Runtime": _FREE,
    "AWS::BedrockAgentCore::RuntimeEndpoint": _FREE,
    "AWS::CDK::Metadata": _FREE,
    "AWS::CloudWatch::Alarm": Rules(
        Name(property_named("AlarmName"), _is_alarm, already("AWS::CloudWatch::Alarm"))
    ),
    "AWS::CloudWatch::CompositeAlarm": Rules(
        Name(property_named("AlarmName"), _is_alarm, already("AWS::CloudWatch::CompositeAlarm"))
    ),
    # PutDashboard overwrites a dashboard of the same name, whoever made it.
    "AWS::CloudWatch::Dashboard": _FREE,
    # The service itself refuses a name that is taken.
    "AWS::CodeDeploy::Application": _FREE,
    "AWS::CodeDeploy::DeploymentConfig": _FREE,
    "AWS::CodeDeploy::DeploymentGroup": _FREE,
    "AWS::DynamoDB::Table": Rules(
        Name(
            property_named("TableName"),
            lambda name: name in dynamodb._tables,
            already("AWS::DynamoDB::Table"),
        ),
        removals.remove_table,
        changes.of_indexes,
        replaced_by=("KeySchema", "LocalSecondaryIndexes"),
    ),
    "AWS::ECR::Repository": Rules(
        Name(
            property_named("RepositoryName"),
            lambda name: name in ecr._repositories,
            already("AWS::ECR::Repository"),
        )
    ),
    "AWS::Events::Rule": Rules(
        Name(_rule_key, lambda key: key in eventbridge._rules, already("AWS::Events::Rule"))
    ),
    "AWS::IAM::ManagedPolicy": Rules(
        Name(
            _managed_policy_arn,
            lambda arn: arn in iam._policies,
            already("AWS::IAM::ManagedPolicy"),
        ),
        removals.remove_managed_policy,
    ),
    # PutRolePolicy overwrites an inline policy of the same name.
    "AWS::IAM::Policy": _FREE,
    "AWS::IAM::Role": Rules(
        Name(
            property_named("RoleName"),
            lambda name: name in iam._roles,
            already("AWS::IAM::Role"),
        ),
        removals.remove_role,
    ),
    "AWS::IAM::User": Rules(
        Name(
            property_named("UserName"),
            lambda name: name in iam._users,
            already("AWS::IAM::User"),
        ),
        removals.remove_user,
    ),
    "AWS::KMS::Alias": Rules(
        Name(
            _alias_arn,
            lambda arn: arn in kms._aliases,
            said("An alias with the name {name} already exists"),
        )
    ),
    # It is only scheduled for deletion, and waits for 7 to 30 days with its id and its data.
    "AWS::KMS::Key": _FREE,
    # MiniStack refuses an alias of the same name itself.
    "AWS::Lambda::Alias": _FREE,
    "AWS::Lambda::EventInvokeConfig": Rules(removals.EVENT_INVOKE_CONFIG),
    "AWS::Lambda::Function": Rules(
        Name(
            property_named("FunctionName"),
            lambda name: name in lambda_svc._functions,
            already("AWS::Lambda::Function"),
        )
    ),
    "AWS::Lambda::Permission": _FREE,  # CloudFormation makes up its statement's id
    "AWS::Lambda::Version": _FREE,
    "AWS::Logs::LogGroup": Rules(
        Name(
            property_named("LogGroupName"),
            lambda name: name in cloudwatch_logs._log_groups,
            # The identifier is a document there, as in the answers that people report.
            lambda name: already("AWS::Logs::LogGroup")(
                json.dumps({"/properties/LogGroupName": name}, separators=(",", ":"))
            ),
        )
    ),
    # PutMetricFilter takes a name that is taken, and a stack's filter has a name made up.
    "AWS::Logs::MetricFilter": _FREE,
    "AWS::Logs::QueryDefinition": _FREE,
    "AWS::S3::Bucket": Rules(
        Name(
            property_named("BucketName"),
            lambda name: s3._bucket_owner_account(name) is not None,
            said("{name} already exists"),
        ),
        removals.remove_bucket,
    ),
    "AWS::S3::BucketPolicy": Rules(
        Name(
            property_named("Bucket"),
            lambda bucket: bucket in s3._bucket_policies,
            said("The bucket policy already exists on bucket {name}."),
        )
    ),
    # CloudFormation deletes a secret without a window to recover it in; DeleteSecret keeps the name
    # for its window.
    "AWS::SecretsManager::Secret": Rules(
        Name(
            property_named("Name"),
            lambda name: name in secretsmanager._secrets,
            _secret_exists,
        )
    ),
    "AWS::SNS::Subscription": _FREE,
    "AWS::SNS::Topic": Rules(
        Name(_topic_arn, lambda arn: arn in sns._topics, already("AWS::SNS::Topic"))
    ),
    "AWS::SNS::TopicPolicy": _FREE,
    "AWS::SQS::Queue": Rules(queues.NAME),
    "AWS::SQS::QueuePolicy": _FREE,
    # MiniStack refuses a parameter of the same name itself, as PutParameter does.
    "AWS::SSM::Parameter": _FREE,
    "AWS::WAFv2::WebACL": Rules(gateway.WEB_ACL, gateway.remove_web_acl),
    "AWS::WAFv2::WebACLAssociation": _FREE,
}
