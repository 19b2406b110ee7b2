"""The REST API: its routes, who may call them, and the stage that serves them.

Made of CloudFormation's own resources: the constructs above them make several per method, and load
every kind of target there is.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.checks import acknowledge
from stacks.parts.access_log import AccessLog
from stacks.parts.api_routes import Route
from stacks.parts.gateway_problems import gateway_problems

#: How long API Gateway waits for a function: as long as it can.
_PATIENCE_MS: Final = 29_000
_STREAM_PATIENCE_MS: Final = 900_000

#: How long API Gateway lets a token's holder in without asking again.
_DECISION_KEPT_S: Final = 60

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
        access_log: AccessLog,
        keyed: bool = False,
        authorizer: str | None = None,
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
            access_log: Where a line per request goes.
            keyed: Whether a request needs an API key besides.
            authorizer: The function, ``NAME:ALIAS``, that says who a token lets in; without one,
                callers sign with AWS credentials.
        """
        super().__init__(scope, construct_id)
        self._stack = Stack.of(self)
        #: What lets the routes call their functions, which have to be there before.
        self.permissions = Construct(self, "Permissions")
        self._functions = functions
        self._stage_name = stage_name
        self._keyed = keyed
        #: All that a deployment takes a picture of.
        self._described: list[dict[str, Any]] = []

        self._api = apigateway.CfnRestApi(
            self,
            "Api",
            name=name,
            description="Agents on Bedrock.",
            endpoint_configuration={"types": ["REGIONAL"]},
        )
        self.api_id = self._api.ref
        deployed = [
            *self._gateway_responses(),
            *self._methods(routes, authorizer),
        ]
        deployment = apigateway.CfnDeployment(
            # What is deployed never changes: a change is another deployment, by its name.
            self,
            f"Deployment{self._digest()}",
            rest_api_id=self._api.ref,
        )
        deployment.node.add_dependency(*deployed)
        self.stage = self._stage(
            deployment,
            access_log,
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
            resource_name=self.stage.ref,
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

    def _methods(self, routes: Iterable[Route], authorizer: str | None) -> list[Construct]:
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
        authorization, why_no_user_pool = self._authorization(authorizer)
        resources: dict[str, str] = {"": self._api.attr_root_resource_id}
        made: list[Construct] = []
        for route in routes:
            what: dict[str, Any] = {
                "http_method": route.method,
                "resource_id": self._resource(folder, route.path, resources),
                **authorization,
                "api_key_required": True if self._keyed else None,
                "request_validator_id": validator.ref,
                "request_models": {"application/json": model.ref} if route.has_body else None,
                "integration": self._integration(route),
            }
            self._described.append(what)
            name = _id_of(route)
            method = apigateway.CfnMethod(folder, name, rest_api_id=self._api.ref, **what)
            acknowledge(method, "AwsSolutions-COG4", why_no_user_pool)
            made.append(method)
            self._permit(name, route)
        return made

    def _authorization(self, function: str | None) -> tuple[dict[str, Any], str]:
        """Who may call a method, and why no Cognito user pool says so."""
        if function is None:
            why = "Callers sign with AWS credentials (AWS_IAM)."
            return {"authorization_type": "AWS_IAM"}, why
        authorizer = apigateway.CfnAuthorizer(
            self,
            "Authorizer",
            rest_api_id=self._api.ref,
            name="tokens",
            type="TOKEN",
            identity_source="method.request.header.Authorization",
            # What has not the form of a token costs no invocation.
            identity_validation_expression=r"^[Bb]earer [\w-]+\.[\w-]+\.[\w-]+$",
            authorizer_uri=self._lambda_uri(
                f"2015-03-31/functions/{self._arn(function)}/invocations"
            ),
            authorizer_result_ttl_in_seconds=_DECISION_KEPT_S,
        )
        lambda_.CfnPermission(
            self.permissions,
            "Authorizer",
            action="lambda:InvokeFunction",
            function_name=function,
            principal="apigateway.amazonaws.com",
            source_arn=self._stack.format_arn(
                service="execute-api",
                resource=self._api.ref,
                resource_name=f"authorizers/{authorizer.ref}",
            ),
        )
        why = "An authorizer of our own reads any issuer's tokens."
        return {"authorization_type": "CUSTOM", "authorizer_id": authorizer.ref}, why

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
        function = self._arn(self._functions[route.function])
        path = (
            f"2021-11-15/functions/{function}/response-streaming-invocations"
            if route.streams
            else f"2015-03-31/functions/{function}/invocations"
        )
        return {
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": self._lambda_uri(path),
            "timeoutInMillis": _STREAM_PATIENCE_MS if route.streams else _PATIENCE_MS,
            **({"responseTransferMode": "STREAM"} if route.streams else {}),
        }

    def _arn(self, function: str) -> str:
        return self._stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=function,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _lambda_uri(self, path: str) -> str:
        return self._stack.format_arn(
            service="apigateway", account="lambda", resource="path", resource_name=path
        )

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
        access_log: AccessLog,
        *,
        method_settings: dict[str, Any],
    ) -> apigateway.CfnStage:
        stage = apigateway.CfnStage(
            self,
            "Stage",
            rest_api_id=self._api.ref,
            stage_name=self._stage_name,
            deployment_id=deployment.ref,
            tracing_enabled=True,
            method_settings=[dict(method_settings)],
            access_log_setting={
                "destinationArn": access_log.destination,
                "format": access_log.format,
            },
        )
        stage.node.add_dependency(access_log.allowed)
        acknowledge(
            stage,
            "AwsSolutions-APIG6",
            "Execution logs would hold what is asked and answered, or the headers of it; the "
            "access log has a line per request.",
        )
        return stage


def _id_of(route: Route) -> str:
    return f"{route.method}{route.path}".replace("/", "-")
