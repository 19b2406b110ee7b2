"""The REST API: its routes, who may call them, and the stage that serves them.

Made of CloudFormation's own resources: the constructs above them make several per method, and load
every kind of target there is.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.checks import acknowledge
from stacks.parts.api_routes import Route
from stacks.parts.gateway_problems import gateway_problems
from stacks.settings import LOG_RETENTION

#: How long API Gateway waits for a function: as long as it can.
_PATIENCE_MS: Final = 29_000
_STREAM_PATIENCE_MS: Final = 900_000

#: A line per request. Nothing of what was asked and answered, and not who asked: no body, no query
#: string, no identity; the path is the route's, without what a request put into it.
_ACCESS_LOG: Final = {
    "time": "$context.requestTimeEpoch",
    "request_id": "$context.requestId",
    "trace_id": "$context.xrayTraceId",
    "function_request_id": "$context.integration.requestId",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "refused_as": "$context.error.responseType",
    "web_acl_status": "$context.waf.status",
    "response_bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "function_status": "$context.integration.status",
    "function_latency_ms": "$context.integration.latency",
}

#: More is the function's to check; this much keeps what is no request at all from reaching one.
_JSON_OBJECT: Final = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}


class RestApi(Construct):
    """API, methods, gateway responses, deployment, stage and access log."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stage_name: str,
        routes: Iterable[Route],
        functions: Mapping[str, str],
        requests_per_second: int,
        burst: int,
        access_log_name: str,
        log_retention_days: int,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        """Make it.

        Args:
            scope: As always.
            construct_id: As always.
            name: Its metrics are kept by it.
            stage_name: The first part of each path.
            routes: What it offers.
            functions: Each function by its alias, ``NAME:ALIAS``, by the routes' name for it.
            requests_per_second: What the stage lets through over time.
            burst: What it lets through at once.
            access_log_name: The log group with a line per request.
            log_retention_days: How long the lines are kept.
            key: Encrypts them.
            removal_policy: Of the log group.
        """
        super().__init__(scope, construct_id)
        self._stack = Stack.of(self)
        self._functions = functions
        self._stage_name = stage_name
        #: All that a deployment takes a picture of.
        self._described: list[dict[str, Any]] = []

        self._api = apigateway.CfnRestApi(
            self,
            "Api",
            name=name,
            description="Agents on Bedrock.",
            endpoint_configuration={"types": ["REGIONAL"]},
        )
        deployed = [
            *self._gateway_responses(),
            *self._methods(routes),
        ]
        deployment = apigateway.CfnDeployment(
            # What is deployed never changes: a change is another deployment, by its name.
            self,
            f"Deployment{self._digest()}",
            rest_api_id=self._api.ref,
        )
        deployment.node.add_dependency(*deployed)
        stage = self._stage(
            deployment,
            access_log=self._access_log(access_log_name, log_retention_days, key, removal_policy),
            method_settings={
                "httpMethod": "*",
                "resourcePath": "/*",
                "throttlingRateLimit": requests_per_second,
                "throttlingBurstLimit": burst,
                "dataTraceEnabled": False,
                "loggingLevel": "OFF",
            },
        )
        # As a web ACL is told of it; not of the account, whoever owns it.
        self.stage_arn = self._stack.format_arn(
            service="apigateway",
            account="",
            resource=f"/restapis/{self._api.ref}/stages",
            resource_name=stage.ref,
        )
        host = f"{self._api.ref}.execute-api.{self._stack.region}.{self._stack.url_suffix}"
        self.url = f"https://{host}/{stage_name}"

    def _gateway_responses(self) -> list[Construct]:
        folder = Construct(self, "Problems")
        made: list[Construct] = []
        for problem in gateway_problems():
            what: dict[str, Any] = {
                "response_type": problem.code,
                "response_parameters": dict(problem.headers),
                # The gateway takes this one whatever a caller accepts.
                "response_templates": {"application/json": problem.template},
                "status_code": str(problem.status) if problem.status else None,
            }
            self._described.append(what)
            made.append(
                apigateway.CfnGatewayResponse(
                    folder, problem.code, rest_api_id=self._api.ref, **what
                )
            )
        return made

    def _methods(self, routes: Iterable[Route]) -> list[Construct]:
        validator = apigateway.CfnRequestValidator(
            self,
            "Validator",
            rest_api_id=self._api.ref,
            validate_request_body=True,
            validate_request_parameters=True,
        )
        model = apigateway.CfnModel(
            self,
            "JsonObject",
            rest_api_id=self._api.ref,
            name="JsonObject",
            content_type="application/json",
            schema=_JSON_OBJECT,
        )
        folder = Construct(self, "Routes")
        acknowledge(
            folder, "AwsSolutions-COG4", "Callers sign with AWS credentials (AWS_IAM), by design."
        )
        self.permissions = Construct(self, "Permissions")
        resources: dict[str, str] = {"": self._api.attr_root_resource_id}
        made: list[Construct] = []
        for route in routes:
            what: dict[str, Any] = {
                "http_method": route.method,
                "resource_id": self._resource(folder, route.path, resources),
                "authorization_type": "AWS_IAM",
                "request_validator_id": validator.ref,
                "request_models": {"application/json": model.ref} if route.has_body else None,
                "integration": self._integration(route),
            }
            self._described.append(what)
            name = _id_of(route)
            made.append(apigateway.CfnMethod(folder, name, rest_api_id=self._api.ref, **what))
            self._permit(name, route)
        return made

    def _resource(self, folder: Construct, path: str, known: dict[str, str]) -> str:
        if path not in known:
            parent, _, part = path.rpartition("/")
            known[path] = apigateway.CfnResource(
                folder,
                f"Path{path}".replace("/", "-"),
                rest_api_id=self._api.ref,
                parent_id=self._resource(folder, parent, known),
                path_part=part,
            ).ref
        return known[path]

    def _integration(self, route: Route) -> dict[str, Any]:
        function = self._stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=self._functions[route.function],
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        path = (
            f"2021-11-15/functions/{function}/response-streaming-invocations"
            if route.streams
            else f"2015-03-31/functions/{function}/invocations"
        )
        uri = self._stack.format_arn(
            service="apigateway", account="lambda", resource="path", resource_name=path
        )
        return {
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": uri,
            "timeoutInMillis": _STREAM_PATIENCE_MS if route.streams else _PATIENCE_MS,
            **({"responseTransferMode": "STREAM"} if route.streams else {}),
        }

    def _permit(self, name: str, route: Route) -> None:
        """Let this route, and no other of any API, call its function."""
        # A parameter is any one part of a path.
        path = "/".join("*" if part.startswith("{") else part for part in route.path.split("/"))
        lambda_.CfnPermission(
            self.permissions,
            name,
            action="lambda:InvokeFunction",
            function_name=self._functions[route.function],
            principal="apigateway.amazonaws.com",
            source_arn=self._stack.format_arn(
                service="execute-api",
                resource=self._api.ref,
                resource_name=f"{self._stage_name}/{route.method}{path}",
            ),
        )

    def _digest(self) -> str:
        described = json.dumps(self._stack.resolve(self._described), sort_keys=True)
        return hashlib.sha256(described.encode()).hexdigest()[:12]

    def _stage(
        self,
        deployment: apigateway.CfnDeployment,
        *,
        access_log: str,
        method_settings: Mapping[str, Any],
    ) -> apigateway.CfnStage:
        stage = apigateway.CfnStage(
            self,
            "Stage",
            rest_api_id=self._api.ref,
            stage_name=self._stage_name,
            deployment_id=deployment.ref,
            tracing_enabled=True,
            method_settings=[method_settings],
            access_log_setting={"destinationArn": access_log, "format": json.dumps(_ACCESS_LOG)},
        )
        stage.node.add_dependency(self._log_role())
        acknowledge(
            stage,
            "AwsSolutions-APIG6",
            "Execution logs would hold what is asked and answered, or the headers of it; the "
            "access log has a line per request.",
        )
        return stage

    def _access_log(
        self, name: str, retention_days: int, key: kms.IKey, removal_policy: RemovalPolicy
    ) -> str:
        group = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=name,
            encryption_key=key,
            retention=logs.RetentionDays[LOG_RETENTION[retention_days]],
            removal_policy=removal_policy,
        )
        # API Gateway takes the ARN without the ":*" that stands for the streams.
        return self._stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _log_role(self) -> Construct:
        """What lets API Gateway write logs at all: one setting of the account in this region.

        It stays when the stack goes, with its role: another environment's API may live on it.
        """
        role = iam.Role(
            self,
            "LogRole",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            description="Lets API Gateway write logs, in the whole region.",
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
        )
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]",
            "API Gateway refuses a role that holds less than this policy, which AWS made for it.",
        )
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        for one in (role, account):
            one.apply_removal_policy(RemovalPolicy.RETAIN)
        return account


def _id_of(route: Route) -> str:
    return f"{route.method}{route.path}".replace("/", "-")
