"""What only the account knows, asked before anything is created in it.

A stack that AWS refuses half-way rolls back: minutes, an alarm or two, and on a first deployment
what it leaves behind. Each question here is one that reads; none makes or changes anything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.account import Place, clients_in
from cli.api.aws import aws_failures
from cli.deployment.needs import Needs, read_needs
from cli.errors import CommandError
from stacks.names import PROJECT
from stacks.settings.limits import UNRESERVED

if TYPE_CHECKING:
    from stacks.settings.environment import Settings

#: Gives the client of a service in a region.
Clients = Callable[[str], Any]
#: Service Quotas' code of Lambda's "Concurrent executions".
_CONCURRENCY_QUOTA: Final = "L-B99A9384"
#: The executions of an account that AWS holds to be new no longer.
_USUAL_EXECUTIONS: Final = 1_000
#: MB of a function in a new account, at most.
_NEW_ACCOUNT_MB: Final = 3_008
_MEMORY_REFUSED: Final = "'MemorySize' value failed to satisfy constraint"


@dataclass(frozen=True)
class Finding:
    """Something about the account.

    Attributes:
        line: What it is, and what to do.
        stops: Whether a deployment would fail for sure.
    """

    line: str
    stops: bool = True


def require_room(
    settings: "Settings", place: Place, assembly: Path, say: Callable[[str], None]
) -> None:
    """Refuse a deployment that the account would not take.

    Args:
        settings: The environment's.
        place: Where it goes.
        assembly: What it was synthesized to.
        say: Told what could not be asked, and what may be in the way.

    Raises:
        CommandError: The account would refuse it; a line for each reason.
    """
    findings = check_account(
        settings,
        place,
        read_needs(assembly),
        clients_in(place.region),
        clients_in(settings.model.region),
    )
    for one in findings:
        if not one.stops:
            say(one.line)
    if reasons := [one.line for one in findings if one.stops]:
        raise CommandError("\n".join([*reasons, "Nothing was deployed."]))


def check_account(
    settings: "Settings", place: Place, needs: Needs, clients: Clients, model_clients: Clients
) -> list[Finding]:
    """Ask the account whether it can take an environment.

    Args:
        settings: The environment's.
        place: Where it goes.
        needs: What its templates ask for.
        clients: Of the environment's region.
        model_clients: Of the model's region.

    Returns:
        What is in the way, and what could not be asked.
    """
    where = f"account {place.account}, {place.region}"
    model = settings.model.model
    questions: dict[str, Callable[[], Iterator[Finding]]] = {
        "the CDK's bootstrap": lambda: _bootstrap(place, where, needs, clients("ssm")),
        "Lambda's limits": lambda: _concurrency(where, needs, clients("lambda")),
        "a function's largest memory": lambda: _memory(
            settings.environment, where, needs, clients("lambda")
        ),
        "the room for packages": lambda: _packages(where, needs, clients("lambda")),
        "the number of roles": lambda: _roles(place, needs, clients),
    }
    if model.kind == "profile":
        questions["the model's profile"] = lambda: _profile(
            model.model_id, model.region, model_clients("bedrock")
        )
    if model.foundation_model:
        questions["access to the model"] = lambda: _model(
            model.foundation_model, model.region, model_clients("bedrock")
        )
    findings: list[Finding] = []
    for asked, question in questions.items():
        try:
            with aws_failures(f"The account does not say {asked}"):
                findings += question()
        except CommandError as unanswered:
            # Who deploys may not be allowed to ask, and yet be allowed to deploy.
            findings.append(Finding(str(unanswered), stops=False))
    return findings


def _bootstrap(place: Place, where: str, needs: Needs, client: Any) -> Iterator[Finding]:
    if not needs.bootstrap_version:
        return
    command = f"`npx cdk bootstrap aws://{place.account}/{place.region}`"
    try:
        found = client.get_parameter(Name=needs.bootstrap_parameter)["Parameter"]["Value"]
    except client.exceptions.ParameterNotFound:
        yield Finding(f"The CDK has not been made ready in {where}: {command} does it, once.")
        return
    if not str(found).isdecimal() or int(found) < needs.bootstrap_version:
        yield Finding(
            f"The CDK's bootstrap in {where} has version {found}, and this app needs "
            f"{needs.bootstrap_version}: {command} brings it up to date."
        )


def _concurrency(where: str, needs: Needs, client: Any) -> Iterator[Finding]:
    if not any(needs.reserved.values()):
        return
    limits = client.get_account_settings()["AccountLimit"]
    there, unreserved = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    # What is deployed already has its share, and gives it back for the new one.
    own = sum(_reserved(client, function) for function in needs.reserved)
    left = max(0, unreserved + own - min(UNRESERVED, there))
    wanted = sum(needs.reserved.values())
    if wanted > left:
        yield Finding(
            f"The functions reserve {wanted} executions, and {where} has {left} to reserve (of "
            f"{there}, with {there - unreserved - own} reserved by others): lower "
            "reserved_concurrency, set concurrency.reserve to false, or ask for more with `aws "
            "service-quotas request-service-quota-increase --service-code lambda --quota-code "
            f"{_CONCURRENCY_QUOTA} --desired-value {max(there, _USUAL_EXECUTIONS) + wanted}`."
        )


def _reserved(client: Any, function: str) -> int:
    try:
        found = client.get_function_concurrency(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        return 0
    return int(found.get("ReservedConcurrentExecutions", 0))


def _memory(environment: str, where: str, needs: Needs, client: Any) -> Iterator[Finding]:
    largest = max(needs.memory_mb.values(), default=0)
    if largest <= _NEW_ACCOUNT_MB:
        return
    too_large = sorted(n for n, memory in needs.memory_mb.items() if memory > _NEW_ACCOUNT_MB)
    help_ = (
        f"functions: {{memory_mb: {_NEW_ACCOUNT_MB}}} in config/{environment}.yaml makes them fit, "
        "or AWS Support raises it (Lambda, function memory)"
    )
    try:
        # Of no function, since no agent's name has two hyphens: there is nothing to be changed, and
        # Lambda looks at the figure first.
        client.update_function_configuration(
            FunctionName=f"{PROJECT}-{environment}--none", MemorySize=largest
        )
    except client.exceptions.ResourceNotFoundException:
        if client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] < (
            _USUAL_EXECUTIONS
        ):
            yield Finding(
                f"{where[0].upper()}{where[1:]} has fewer than {_USUAL_EXECUTIONS} executions, as "
                f"new accounts have; those give a function {_NEW_ACCOUNT_MB} MB at most, and "
                f"{', '.join(too_large)} have more. Should it be so here, {help_}.",
                stops=False,
            )
    except client.exceptions.ClientError as refused:
        if _MEMORY_REFUSED not in str(refused):
            raise
        limit = str(refused).rpartition(" ")[2]
        yield Finding(
            f"{', '.join(too_large)} have up to {largest} MB of memory, and {where} gives a "
            f"function {limit} MB at most: {help_}."
        )


def _packages(where: str, needs: Needs, client: Any) -> Iterator[Finding]:
    found = client.get_account_settings()
    left = found["AccountLimit"]["TotalCodeSize"] - found["AccountUsage"]["TotalCodeSize"]
    if needs.package_bytes > left:
        yield Finding(
            f"The functions' packages have {needs.package_bytes // 10**6} MB, and {where} has room "
            f"for {max(0, left) // 10**6} MB more, which all of them at once do not fit in: delete "
            "functions or versions there, or ask for more room (Service Quotas, Lambda, function "
            "and layer storage).",
            stops=False,
        )


def _roles(place: Place, needs: Needs, clients: Clients) -> Iterator[Finding]:
    pages = clients("cloudformation").get_paginator("describe_stacks").paginate()
    there = {stack["StackName"] for page in pages for stack in page["Stacks"]}
    wanted = sum(roles for stack, roles in needs.roles.items() if stack not in there)
    found = clients("iam").get_account_summary()["SummaryMap"]
    left = found["RolesQuota"] - found["Roles"]
    if wanted > left:
        yield Finding(
            f"The stacks make {wanted} roles, and account {place.account} has room for {left} more "
            f"(of {found['RolesQuota']}): delete roles that nobody needs, or ask for more (Service "
            "Quotas, IAM, roles per account)."
        )


def _profile(profile: str, region: str, client: Any) -> Iterator[Finding]:
    pages = client.get_paginator("list_inference_profiles").paginate(typeEquals="SYSTEM_DEFINED")
    known = {
        one["inferenceProfileId"]: one["status"]
        for page in pages
        for one in page["inferenceProfileSummaries"]
    }
    if known.get(profile) != "ACTIVE":
        alike = sorted(one for one in known if one.split(".")[1:2] == profile.split(".")[1:2])
        yield Finding(
            f"Bedrock has no inference profile {profile} in {region}; those of that provider there "
            f"are: {', '.join(alike) or 'none'}. Name one as the model."
        )


def _model(model: str, region: str, client: Any) -> Iterator[Finding]:
    try:
        found = client.get_foundation_model_availability(modelId=model)
    except client.exceptions.ResourceNotFoundException:
        yield Finding(f"Bedrock does not know the model {model} in {region}. Name another.")
        return
    lacks = {
        "agreement": found["agreementAvailability"]["status"],
        "authorization": found["authorizationStatus"],
        "entitlement": found["entitlementAvailability"],
    }
    missing = [
        f"{name} {state}"
        for name, state in lacks.items()
        if state not in ("AVAILABLE", "AUTHORIZED")
    ]
    if missing:
        yield Finding(
            f"The account may not use {model} yet ({', '.join(missing)}): somebody has to accept "
            f"its terms once, in the model's page of the Bedrock console in {region}."
        )
