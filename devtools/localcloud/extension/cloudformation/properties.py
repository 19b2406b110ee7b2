"""The resource types and properties that are honoured. What is not listed is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

#: Property names; below a name, None allows anything and a mapping lists what it allows.
Tree = Mapping[str, Any]


def _all(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)


_POLICY_TARGETS = _all("PolicyDocument", "Roles", "Users", "Groups")

#: What ``extension.monitoring`` adds to MiniStack's resource types.
ADDED: Mapping[str, Tree] = {
    "AWS::CloudWatch::CompositeAlarm": _all(
        "AlarmName",
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "AlarmRule",
        "InsufficientDataActions",
        "OKActions",
        "Tags",
    ),
    "AWS::Logs::QueryDefinition": _all("Name", "QueryString", "LogGroupNames"),
}

#: What ``extension.agentcore`` adds; it refuses within these what it cannot honour.
AGENTCORE: Mapping[str, Tree] = {
    "AWS::BedrockAgentCore::Runtime": {
        **_all(
            "AgentRuntimeName",
            "Description",
            "EnvironmentVariables",
            "ProtocolConfiguration",
            "RoleArn",
            "Tags",
        ),
        "AgentRuntimeArtifact": {
            "CodeConfiguration": {"Code": _all("S3"), **_all("EntryPoint", "Runtime")}
        },
        "LifecycleConfiguration": _all("IdleRuntimeSessionTimeout", "MaxLifetime"),
        "NetworkConfiguration": _all("NetworkMode"),
        "RequestHeaderConfiguration": _all("RequestHeaderAllowlist"),
    },
    "AWS::BedrockAgentCore::RuntimeEndpoint": _all(
        "AgentRuntimeId", "AgentRuntimeVersion", "Description", "Name", "Tags"
    ),
}

#: What ``extension.codedeploy`` adds.
CODEDEPLOY: Mapping[str, Tree] = {
    "AWS::CodeDeploy::Application": _all("ApplicationName", "ComputePlatform", "Tags"),
    "AWS::CodeDeploy::DeploymentConfig": {
        **_all("ComputePlatform", "DeploymentConfigName"),
        "TrafficRoutingConfig": _all("TimeBasedCanary", "TimeBasedLinear", "Type"),
    },
    "AWS::CodeDeploy::DeploymentGroup": {
        **_all(
            "ApplicationName",
            "DeploymentConfigName",
            "DeploymentGroupName",
            "ServiceRoleArn",
            "Tags",
        ),
        "AlarmConfiguration": _all("Alarms", "Enabled", "IgnorePollAlarmFailure"),
        "AutoRollbackConfiguration": _all("Enabled", "Events"),
        "DeploymentStyle": _all("DeploymentOption", "DeploymentType"),
    },
}

#: What ``extension.inference_profiles`` adds.
BEDROCK: Mapping[str, Tree] = {
    "AWS::Bedrock::ApplicationInferenceProfile": {
        **_all("InferenceProfileName", "Tags"),
        "ModelSource": _all("CopyFrom"),
    },
}

#: REST APIs: MiniStack's types with what ``extension.gateway`` adds to them.
GATEWAY: Mapping[str, Tree] = {
    "AWS::ApiGateway::Account": _all("CloudWatchRoleArn"),
    "AWS::ApiGateway::ApiKey": _all("Name", "Description", "Enabled", "Tags", "Value"),
    "AWS::ApiGateway::Authorizer": _all(
        "AuthorizerCredentials",
        "AuthorizerResultTtlInSeconds",
        "AuthorizerUri",
        "IdentitySource",
        "IdentityValidationExpression",
        "Name",
        "RestApiId",
        "Type",
    ),
    "AWS::ApiGateway::Deployment": _all("Description", "RestApiId"),
    "AWS::ApiGateway::GatewayResponse": _all(
        "ResponseParameters", "ResponseTemplates", "ResponseType", "RestApiId", "StatusCode"
    ),
    "AWS::ApiGateway::Method": {
        **_all(
            "ApiKeyRequired",
            "AuthorizationType",
            "AuthorizerId",
            "HttpMethod",
            "MethodResponses",
            "OperationName",
            "RequestModels",
            "RequestParameters",
            "RequestValidatorId",
            "ResourceId",
            "RestApiId",
        ),
        "Integration": _all(
            "Credentials",
            "IntegrationHttpMethod",
            "IntegrationResponses",
            "PassthroughBehavior",
            "RequestTemplates",
            "ResponseTransferMode",
            "TimeoutInMillis",
            "Type",
            "Uri",
        ),
    },
    "AWS::ApiGateway::Model": _all("ContentType", "Description", "Name", "RestApiId", "Schema"),
    "AWS::ApiGateway::RequestValidator": _all(
        "Name", "RestApiId", "ValidateRequestBody", "ValidateRequestParameters"
    ),
    "AWS::ApiGateway::Resource": _all("ParentId", "PathPart", "RestApiId"),
    "AWS::ApiGateway::RestApi": {
        **_all("ApiKeySourceType", "BinaryMediaTypes", "Description", "Name", "Policy", "Tags"),
        "EndpointConfiguration": _all("Types"),
    },
    "AWS::ApiGateway::Stage": {
        **_all(
            "DeploymentId",
            "Description",
            "MethodSettings",
            "RestApiId",
            "StageName",
            "Tags",
            "TracingEnabled",
            "Variables",
        ),
        "AccessLogSetting": _all("DestinationArn", "Format"),
    },
    "AWS::ApiGateway::UsagePlan": {
        **_all("ApiStages", "Description", "Tags", "UsagePlanName"),
        "Quota": _all("Limit", "Period"),
        "Throttle": _all("BurstLimit", "RateLimit"),
    },
    "AWS::ApiGateway::UsagePlanKey": _all("KeyId", "KeyType", "UsagePlanId"),
    "AWS::WAFv2::WebACL": _all(
        "DefaultAction", "Description", "Name", "Rules", "Scope", "Tags", "VisibilityConfig"
    ),
    "AWS::WAFv2::WebACLAssociation": _all("ResourceArn", "WebACLArn"),
}

#: What MiniStack 1.5.33 carries out itself, read in its source and read back from a deployment.
#: Of alarms, ``extension.monitoring`` keeps ``Metrics`` and the truth about percentiles.
NATIVE: Mapping[str, Tree] = {
    "AWS::CDK::Metadata": _all("Analytics"),
    "AWS::CloudWatch::Alarm": _all(
        "AlarmName",
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "ComparisonOperator",
        "DatapointsToAlarm",
        "Dimensions",
        "EvaluationPeriods",
        "ExtendedStatistic",
        "InsufficientDataActions",
        "MetricName",
        "Metrics",
        "Namespace",
        "OKActions",
        "Period",
        "Statistic",
        "Tags",
        "Threshold",
        "TreatMissingData",
        "Unit",
    ),
    "AWS::CloudWatch::Dashboard": _all("DashboardName", "DashboardBody"),
    "AWS::DynamoDB::Table": _all(
        "TableName",
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "LocalSecondaryIndexes",
        "ProvisionedThroughput",
        "StreamSpecification",
        "Tags",
    ),
    "AWS::ECR::Repository": _all(
        "RepositoryName",
        "ImageScanningConfiguration",
        "ImageTagMutability",
        "LifecyclePolicy",
        "RepositoryPolicyText",
        "Tags",
    ),
    "AWS::Events::Rule": _all(
        "Name", "Description", "ScheduleExpression", "State", "Tags", "Targets"
    ),
    "AWS::IAM::ManagedPolicy": {
        **_POLICY_TARGETS,
        **_all("ManagedPolicyName", "Path", "Description"),
    },
    "AWS::IAM::Policy": {**_POLICY_TARGETS, **_all("PolicyName")},
    "AWS::IAM::Role": _all(
        "RoleName",
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "Policies",
        "Tags",
    ),
    "AWS::IAM::User": _all("UserName", "Policies", "Tags"),
    "AWS::KMS::Alias": _all("AliasName", "TargetKeyId"),
    "AWS::KMS::Key": _all(
        "Description",
        "Enabled",
        "EnableKeyRotation",
        "KeyPolicy",
        "KeySpec",
        "KeyUsage",
        "MultiRegion",
        "Origin",
        "PendingWindowInDays",
        "RotationPeriodInDays",
        "Tags",
    ),
    "AWS::Lambda::Alias": {
        **_all("FunctionName", "FunctionVersion", "Name", "Description"),
        "RoutingConfig": _all("AdditionalVersionWeights"),
    },
    "AWS::Lambda::EventInvokeConfig": {
        **_all("FunctionName", "Qualifier", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"),
        "DestinationConfig": _all("OnFailure"),
    },
    "AWS::Lambda::Function": {
        **_all(
            "FunctionName",
            "Architectures",
            "Description",
            "Handler",
            "LoggingConfig",
            "MemorySize",
            "Role",
            "Runtime",
            "Tags",
            "Timeout",
            "TracingConfig",
        ),
        "Code": _all("S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile"),
        "DurableConfig": _all("ExecutionTimeout", "RetentionPeriodInDays"),
        "Environment": _all("Variables"),
        "EphemeralStorage": _all("Size"),
        "SnapStart": _all("ApplyOn"),
    },
    "AWS::Lambda::Permission": _all(
        "Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"
    ),
    "AWS::Lambda::Version": _all("FunctionName", "Description"),
    "AWS::Logs::MetricFilter": {
        **_all("FilterName", "FilterPattern", "LogGroupName"),
        "MetricTransformations": _all(
            "DefaultValue", "Dimensions", "MetricName", "MetricNamespace", "MetricValue", "Unit"
        ),
    },
    "AWS::Logs::LogGroup": _all(
        "LogGroupName", "KmsKeyId", "LogGroupClass", "RetentionInDays", "Tags"
    ),
    "AWS::S3::Bucket": _all("BucketName", "PublicAccessBlockConfiguration"),
    "AWS::S3::BucketPolicy": _all("Bucket", "PolicyDocument"),
    # Its value is nobody's but who puts it in; see ``secrets``.
    "AWS::SecretsManager::Secret": _all("Name", "Description", "KmsKeyId", "Tags"),
    "AWS::SNS::Subscription": _all(
        "Endpoint",
        "FilterPolicy",
        "FilterPolicyScope",
        "Protocol",
        "RawMessageDelivery",
        "TopicArn",
    ),
    "AWS::SNS::Topic": {
        **_all("TopicName", "DisplayName", "Tags"),
        "Subscription": _all("Endpoint", "Protocol"),
    },
    "AWS::SNS::TopicPolicy": _all("PolicyDocument", "Topics"),
    "AWS::SQS::Queue": _all(
        "QueueName",
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "DelaySeconds",
        "FifoQueue",
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
        "Tags",
        "VisibilityTimeout",
    ),
    "AWS::SQS::QueuePolicy": _all("PolicyDocument", "Queues"),
    "AWS::SSM::Parameter": _all("Name", "Description", "Type", "Value", "Tags"),
}


def refused(given: Mapping[str, Any], allowed: Tree, above: str = "") -> Iterator[str]:
    """Name the properties in ``given`` that are not allowed, nested ones with their path."""
    for name, value in given.items():
        if name not in allowed:
            yield above + name
        elif allowed[name] is not None and isinstance(value, Mapping):
            yield from refused(value, allowed[name], f"{above}{name}.")
