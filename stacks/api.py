"""The API stack: the front door of the agents."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from stacks import names
from stacks.bundling.provider import BundleProvider
from stacks.parts.access_log import AccessLog
from stacks.parts.api_function import ApiFunction, ApiReach
from stacks.parts.api_routes import routes
from stacks.parts.authorizer_function import AuthorizerFunction
from stacks.parts.external_callers import ExternalCallers, check_callers
from stacks.parts.functions import code_of, logging_variables
from stacks.parts.network import Network, attachment
from stacks.parts.provisioned import keep_started
from stacks.parts.removal import removal_policy
from stacks.parts.rest_api import RestApi
from stacks.parts.usage_plan import UsagePlan
from stacks.parts.web_acl import WebAcl
from stacks.settings.environment import Settings
from stacks.state import StateStack
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.names import (
    API,
    API_HANDLER,
    AUTHORIZER,
    MCP,
    MCP_HANDLER,
    ApiEnvVar,
    AuthorizerEnvVar,
    EnvVar,
    OptionalEnvVar,
)

#: What the API's bundle may have unzipped: callers wait while it starts.
API_BUDGET_MB: Final = 50
AUTHORIZER_BUDGET_MB: Final = 60
MCP_BUDGET_MB: Final = 80


class ApiStack(Stack):
    """The REST API, the functions behind it, and the web ACL before it.

    It names the agents' functions by their physical names: an agent that goes is not held back by
    an export.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        agents: Mapping[str, AgentManifest],
        state: StateStack,
        bundles: BundleProvider,
        network: Network | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        environment = settings.environment
        architecture = settings.functions.target_architecture
        runtimes = [name for name in agents if name in settings.runtimes]
        offered = list(routes([name for name in agents if name not in runtimes], runtimes))
        live = {name: names.live_function(environment, name) for name in [*agents, API, MCP]}

        reach = ApiReach(
            # Exported by name by the state stack; see stacks.agents.
            artifacts_arn=state.export_value(state.artifacts.bucket_arn),
            records_arn=state.records.table_arn,
            sessions_arn=state.sessions.table_arn,
            budgets_arn=state.budgets.table_arn,
            key=state.key,
            agents=tuple(agents),
            live_functions=[live[agent] for agent in agents],
            deletes_sessions=True,
            lists_models=True,
        )
        shared: dict[str, Any] = {
            "architecture": architecture,
            "log_level": settings.log_level,
            "log_retention_days": settings.log_retention_days,
            "reserved_concurrency": settings.concurrency.cap(settings.api.reserved_concurrency),
            "removal_policy": removal_policy(settings),
        }
        function = ApiFunction(
            self,
            "Function",
            function_name=names.function_name(environment, API),
            description="Answers the REST API.",
            handler=API_HANDLER,
            log_group_name=names.log_group_name(environment, API),
            code=code_of(bundles.core_bundle(API, architecture, API_BUDGET_MB)),
            environment=_environment(API, settings, agents, state),
            reach=reach,
            attached=attachment(network, API, names.function_name(environment, API)),
            **shared,
        )
        mcp = ApiFunction(
            self,
            "Mcp",
            function_name=names.function_name(environment, MCP),
            description="Serves the agents to MCP clients.",
            handler=MCP_HANDLER,
            log_group_name=names.log_group_name(environment, MCP),
            code=code_of(bundles.core_bundle(MCP, architecture, MCP_BUDGET_MB)),
            environment=_environment(MCP, settings, agents, state),
            reach=replace(reach, deletes_sessions=False, lists_models=False),
            attached=attachment(network, MCP, names.function_name(environment, MCP)),
            **shared,
        )
        keep_started(function.alias, settings.provisioned.get(API))
        keep_started(mcp.alias, settings.provisioned.get(MCP))
        doors: dict[str, Any] = {
            "stage_name": names.API_STAGE,
            "functions": live,
            "requests_per_second": settings.api.requests_per_second,
            "burst": settings.api.burst,
            "keyed": settings.api.usage_plan is not None,
            "access_log": AccessLog(
                self,
                "AccessLog",
                name=names.access_log_group_name(environment),
                retention_days=settings.log_retention_days,
                key=state.key,
                removal_policy=removal_policy(settings),
            ),
        }
        api = RestApi(self, "Rest", name=names.api_name(environment), routes=offered, **doors)
        # A permission needs the alias that it is for.
        api.permissions.node.add_dependency(function.alias, mcp.alias)
        CfnOutput(self, names.Output.API_URL, value=api.url)
        apis = {"OnStage": api}
        if settings.oidc is not None:
            # A method has one kind of authorization, so tokens get an API of their own: the same
            # paths, and the same functions behind them.
            authorizer = AuthorizerFunction(
                self,
                "Authorizer",
                function_name=names.function_name(environment, AUTHORIZER),
                log_group_name=names.log_group_name(environment, AUTHORIZER),
                code=code_of(bundles.core_bundle(AUTHORIZER, architecture, AUTHORIZER_BUDGET_MB)),
                architecture=architecture,
                environment={
                    AuthorizerEnvVar.ISSUER: settings.oidc.issuer,
                    AuthorizerEnvVar.AUDIENCE: settings.oidc.audience,
                    **logging_variables(settings, AUTHORIZER),
                },
                log_level=settings.log_level,
                attached=attachment(
                    network, AUTHORIZER, names.function_name(environment, AUTHORIZER)
                ),
                reserved_concurrency=settings.concurrency.cap(settings.concurrency.authorizer),
                log_retention_days=settings.log_retention_days,
                key=state.key,
                removal_policy=removal_policy(settings),
            )
            keep_started(authorizer.alias, settings.provisioned.get(AUTHORIZER))
            oidc = RestApi(
                self,
                "Oidc",
                name=names.oidc_api_name(environment),
                routes=offered,
                authorizer=names.live_function(environment, AUTHORIZER),
                **doors,
            )
            oidc.permissions.node.add_dependency(function.alias, mcp.alias, authorizer.alias)
            CfnOutput(self, names.Output.OIDC_API_URL, value=oidc.url)
            apis["OnOidcStage"] = oidc
        if settings.api.usage_plan is not None:
            UsagePlan(
                self,
                "UsagePlan",
                name=names.api_name(environment),
                plan=settings.api.usage_plan,
                stages=[(one.api_id, one.stage) for one in apis.values()],
            )
        if settings.external_callers:
            check_callers(settings.external_callers, offered)
            ExternalCallers(
                self,
                "Callers",
                environment=environment,
                callers=settings.external_callers,
                api_id=api.api_id,
                key=state.key,
                removal_policy=removal_policy(settings),
            )
        WebAcl(
            self,
            "WebAcl",
            name=names.api_name(environment),
            stage_arns={place: one.stage_arn for place, one in apis.items()},
            requests_per_address=settings.api.requests_per_address,
        )


def _environment(
    function: str, settings: Settings, agents: Mapping[str, AgentManifest], state: StateStack
) -> dict[str, str]:
    """The variables of a function behind the API; ``contracts.api_environment`` reads them."""
    timeouts = {name: settings.function(agent).timeout_s for name, agent in agents.items()}
    return {
        ApiEnvVar.AGENTS: ",".join(f"{name}={timeout_s}" for name, timeout_s in timeouts.items()),
        ApiEnvVar.RUNTIMES: json.dumps(
            {name: agents[name].description for name in settings.runtimes}
        ),
        ApiEnvVar.WAIT_S: str(settings.api.wait_s),
        ApiEnvVar.QUEUE_LIFE_S: str(settings.api.queue_life_s),
        EnvVar.ENVIRONMENT: settings.environment,
        EnvVar.MODEL_ID: settings.model.id,
        EnvVar.MODEL_REGION: settings.model.region,
        EnvVar.MAX_TOKENS: str(settings.model.max_tokens),
        EnvVar.ARTIFACTS_BUCKET: state.artifacts.bucket_name,
        EnvVar.RECORDS_TABLE: state.records.table_name,
        EnvVar.RECORD_TTL_DAYS: str(settings.record_ttl_days),
        EnvVar.SESSIONS_TABLE: state.sessions.table_name,
        EnvVar.SESSION_TTL_DAYS: str(settings.session_ttl_days),
        EnvVar.BUDGETS_TABLE: state.budgets.table_name,
        OptionalEnvVar.MODEL_PRICES: settings.model_prices.model_dump_json(),
        OptionalEnvVar.BUDGETS: settings.budgets.model_dump_json(),
        **logging_variables(settings, function),
    }
