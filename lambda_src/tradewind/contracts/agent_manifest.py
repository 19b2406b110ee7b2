"""``agent.toml``: what an agent says of itself, and what it asks of the stacks.

An agent is a folder under ``lambda_src/agents``; the folder's name is the agent's. Everything that
deploys, draws, watches or asks agents finds them here, by reading the manifests alone: an agent's
own code and libraries are never imported for it.
"""

import keyword
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tradewind.contracts.names import (
    AGENT_NAME_LENGTH,
    AGENT_NAME_PATTERN,
    HTTPS_URL_PATTERN,
    RESERVED_AGENT_NAMES,
)
from tradewind.contracts.validation import Frozen, explain, one_line, refused, whole_number

#: What an agent may be written with. One that is a ``workflow`` runs workflow files, whose models
#: and tools are Strands'. One that is ``agentcore`` has no folder: the settings name it, and a
#: runtime elsewhere does its work.
Framework = Literal["strands", "pydantic-ai", "workflow", "agentcore"]
RUNS_WORKFLOWS: Final = "workflow"
RUNS_ELSEWHERE: Final = "agentcore"
#: The protocols that AgentCore Runtime can ask an agent by.
AgentCoreProtocol = Literal["http", "a2a"]
MANIFEST_FILE: Final = "agent.toml"
#: An example request, which the demo sends and tests run.
REQUEST_FILE: Final = "request.json"
NAME_ALLOWED: Final = "up to 30 lower-case letters, digits and single underscores, a letter first"

_NAME: Final = re.compile(AGENT_NAME_PATTERN)
#: In every bundle, as far as it belongs there.
_NO_PACKAGES: Final = frozenset({"agents", "tradewind"})


def _not_of_aws(variable: str) -> str:
    # AWS_ENDPOINT_URL would lead every call of AWS elsewhere.
    if variable.startswith("AWS_"):
        raise PydanticCustomError("of_aws", "of AWS")
    return variable


def _beside_the_core(package: str) -> str:
    if package in _NO_PACKAGES:
        raise PydanticCustomError("of_the_core", "in every bundle")
    return package


_Endpoint = Annotated[
    str, Field(pattern=HTTPS_URL_PATTERN, description="an https:// address without a query")
]
_Endpoints = Annotated[
    dict[
        Annotated[
            str,
            Field(
                pattern=r"^[A-Z][A-Z0-9_]*_URL$",
                description="a variable in capitals that ends in _URL, and not one of AWS_",
            ),
            AfterValidator(_not_of_aws),
        ],
        _Endpoint,
    ],
    Field(description="https addresses by the variable, such as MAPS_URL, that names each"),
]


#: An ARN in which nothing but these is filled in.
_RESOURCE_PATTERN: Final = r"^(\*|arn:([^\s{}]|\{(partition|region|account)\})+)$"
#: What stands for more than itself in IAM.
_WILDCARDS: Final = frozenset("*?")


class ManifestError(Exception):
    """A manifest is missing, or not as it must be. One line: file, field, what is allowed."""


#: CloudWatch looks back a week at most, and an alarm on silence a little further than the silence.
LONGEST_SILENCE_H: Final = 160


class FunctionNeeds(Frozen):
    """What an agent's function needs, whatever the environment.

    Attributes:
        memory_mb: Its memory, and with it its share of CPU. AWS gives new accounts at most 3008.
        timeout_s: When Lambda ends a request. Ten seconds before, the agent answers with what it
            has.
        bundle_budget_mb: The unzipped bundle may be this large, in MB of 10**6 bytes.
        expect_traffic_within_h: Alarm when no request came for this many hours; without it,
            silence is normal.
        endpoints: The services outside AWS that it asks, each in the environment variable that
            names it.
    """

    memory_mb: Annotated[int, whole_number(128, 10_240)] = 3072
    timeout_s: Annotated[int, whole_number(1, 900)] = 900
    bundle_budget_mb: Annotated[int, whole_number(1, 262)] = 150
    expect_traffic_within_h: Annotated[
        int | None,
        Field(
            ge=1,
            le=LONGEST_SILENCE_H,
            description=f"a whole number of hours from 1 to {LONGEST_SILENCE_H}, or null",
        ),
    ] = None
    endpoints: _Endpoints = Field(default_factory=dict)


class AwsReach(Frozen):
    """An AWS service that an agent's tools call, beyond what every agent may.

    Attributes:
        service: botocore's name of it.
        operations: The operations called; the bundle carries these and no others.
        actions: What the role is granted for them.
        resources: On what. ``{partition}``, ``{region}`` and ``{account}`` are filled in.
        reason: Why a resource has a ``*``.
    """

    service: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", description="botocore's service name")]
    operations: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]+$")], ...],
        Field(strict=False, min_length=1, description="a list of operations such as GetItem"),
    ]
    actions: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]+:[A-Za-z0-9]+$")], ...],
        Field(
            strict=False,
            min_length=1,
            description="a list of IAM actions such as dynamodb:GetItem, no *",
        ),
    ]
    resources: Annotated[
        tuple[
            Annotated[
                str,
                Field(
                    pattern=_RESOURCE_PATTERN,
                    description="an ARN, with no braces but {partition}, {region} and {account}",
                ),
            ],
            ...,
        ],
        Field(strict=False, min_length=1, description="a list of ARNs; * only with a reason"),
    ]
    reason: Annotated[
        str | None,
        Field(min_length=10, description="why there is a *, in 10 characters or more"),
        AfterValidator(one_line),
    ] = None

    @model_validator(mode="after")
    def _wildcards_have_a_reason(self) -> Self:
        if self.reason is None and any(_WILDCARDS & set(resource) for resource in self.resources):
            raise refused("a resource with a * needs a reason, and so does one with a ?")
        return self


class AgentManifest(Frozen):
    """What an agent is.

    Attributes:
        name: Its folder's name.
        description: What it does, in a sentence; callers read it.
        framework: What it is written with; its bundle carries no other.
        reads_from: The agents whose artifacts it may read.
        calls: The agents that its workflows may ask by name.
        packages: Folders beside ``agents`` that its bundle carries.
        demo: Whether the demo asks it.
        probe: What a new version is asked before it gets requests, so cheap that each deployment
            can; without it, its example.
        agentcore: The protocol that AgentCore Runtime asks it by; without one, it is on Lambda
            alone.
        function: What its function needs.
        reach: What else in AWS its tools call.
    """

    name: Annotated[str, Field(pattern=AGENT_NAME_PATTERN, max_length=AGENT_NAME_LENGTH)]
    description: Annotated[
        str,
        Field(min_length=10, max_length=256, description="a sentence of 10 to 256 characters"),
        AfterValidator(one_line),
    ]
    framework: Annotated[Framework, Field(description="strands, pydantic-ai or workflow")]
    reads_from: Annotated[
        tuple[str, ...], Field(strict=False, description="a list of agents' names")
    ] = ()
    calls: Annotated[
        tuple[str, ...], Field(strict=False, description="a list of agents' names")
    ] = ()
    packages: Annotated[
        tuple[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_beside_the_core)],
            ...,
        ],
        Field(
            strict=False,
            description="a list of folders in lambda_src, beside `agents` and `tradewind`",
        ),
    ] = ()
    demo: Annotated[bool, Field(description="true or false")] = True
    probe: Annotated[
        str | None,
        Field(min_length=1, max_length=1000, description="a question of up to 1000 characters"),
        AfterValidator(one_line),
    ] = None
    agentcore: Annotated[AgentCoreProtocol | None, Field(description="http or a2a")] = None
    function: Annotated[FunctionNeeds, Field(description="a table")] = FunctionNeeds()
    reach: Annotated[tuple[AwsReach, ...], Field(strict=False, description="a list of tables")] = ()


def check_name(name: str) -> None:
    """Refuse what cannot be an agent's name.

    Raises:
        ManifestError: It cannot; the message says what can.
    """
    fits = _NAME.fullmatch(name) and len(name) <= AGENT_NAME_LENGTH
    # Its folder is a package: `from agents.class import agent` would be no Python.
    if not fits or name in RESERVED_AGENT_NAMES or keyword.iskeyword(name):
        reserved = ", ".join(sorted(RESERVED_AGENT_NAMES))
        shown = name if name.isprintable() else repr(name)
        raise ManifestError(
            f"agents/{shown}: {name!r} is not allowed as an agent's name; give {NAME_ALLOWED}, and "
            f"none of {reserved} or Python's keywords"
        )


def read_manifest(folder: Path) -> AgentManifest:
    """Read ``folder/agent.toml``.

    Raises:
        ManifestError: It is missing or not as it must be, or the folder cannot name an agent.
    """
    file = folder / MANIFEST_FILE
    shown = f"agents/{folder.name}/{MANIFEST_FILE}"
    check_name(folder.name)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(f"{shown} is missing; every folder in agents has one") from None
    except OSError as error:
        raise ManifestError(f"{shown} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as broken:
        # Not TOML, not text, a number of thousands of digits, or nested without an end.
        raise ManifestError(f"{shown}: not valid TOML: {' '.join(str(broken).split())}") from None
    if "name" in content:
        raise ManifestError(f"{shown}: name: is not a setting; it is the folder's name")
    if content.get("framework") == RUNS_ELSEWHERE:
        raise ManifestError(
            f"{shown}: framework: {RUNS_ELSEWHERE!r} is not allowed; give strands, pydantic-ai or "
            "workflow. A runtime elsewhere has no folder; name it in the settings' `runtimes`"
        )
    try:
        return AgentManifest.model_validate({**content, "name": folder.name})
    except ValidationError as invalid:
        raise ManifestError(f"{shown}: {explain(invalid, AgentManifest)}") from None


def find_agents(folder: Path) -> dict[str, AgentManifest]:
    """Read every agent's manifest.

    Args:
        folder: ``lambda_src/agents``.

    Returns:
        The agents by name, each after those it reads from; otherwise by name.

    Raises:
        ManifestError: A manifest is not as it must be, two names are too much alike, or
            ``reads_from`` names nobody or is a circle.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    except OSError as error:
        raise ManifestError(f"{folder.name} cannot be read: {error.strerror or error}") from None
    manifests = [read_manifest(entry) for entry in entries if not entry.name.startswith(("_", "."))]
    check_apart([manifest.name for manifest in manifests])
    _check_calls({manifest.name: manifest for manifest in manifests})
    return _in_order({manifest.name: manifest for manifest in manifests})


def check_apart(names: Iterable[str]) -> None:
    """Refuse names that are one without their underscores: what is made for them would be, too.

    Raises:
        ManifestError: Two are; the message names both.
    """
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.replace("_", ""), name)
        if other != name:
            raise ManifestError(
                f"agents/{name}: differs from agents/{other} by underscores only; rename one"
            )


def _check_calls(agents: Mapping[str, AgentManifest]) -> None:
    for manifest in agents.values():
        at = f"agents/{manifest.name}/{MANIFEST_FILE}: calls:"
        if manifest.calls and manifest.framework != RUNS_WORKFLOWS:
            raise ManifestError(f"{at} only an agent that runs workflows asks others by name")
        for name in manifest.calls:
            if name not in agents:
                raise ManifestError(
                    f"{at} there is no agent {name!r}; those there are: {', '.join(agents)}"
                )
            if agents[name].framework == RUNS_WORKFLOWS:
                raise ManifestError(
                    f"{at} {name} runs workflows itself; in a circle they would wait for each "
                    "other until their time is over"
                )


def _in_order(agents: Mapping[str, AgentManifest]) -> dict[str, AgentManifest]:
    for manifest in agents.values():
        for source in manifest.reads_from:
            if source not in agents:
                raise ManifestError(
                    f"agents/{manifest.name}/{MANIFEST_FILE}: reads_from: there is no agent "
                    f"{source!r}; those there are: {', '.join(agents)}"
                )
    ordered: dict[str, AgentManifest] = {}
    while len(ordered) < len(agents):
        ready = [
            manifest
            for manifest in agents.values()
            if manifest.name not in ordered and set(manifest.reads_from) <= set(ordered)
        ]
        if not ready:
            circle = _circle(agents, set(agents) - set(ordered))
            raise ManifestError(
                f"agents/{circle[0]}/{MANIFEST_FILE}: reads_from: {', '.join(circle)} read from "
                "each other in a circle; one of them has to be first"
            )
        ordered |= {manifest.name: manifest for manifest in ready}
    return ordered


def _circle(agents: Mapping[str, AgentManifest], waiting: set[str]) -> list[str]:
    """The agents of a circle, of all that wait for one."""
    path = [min(waiting)]
    while True:
        following = next(name for name in agents[path[-1]].reads_from if name in waiting)
        if following in path:
            return sorted(path[path.index(following) :])
        path.append(following)


def in_order(names: Iterable[str], agents: Mapping[str, AgentManifest]) -> tuple[str, ...]:
    """Put some agents' names into the order of their work."""
    wanted = set(names)
    return tuple(name for name in agents if name in wanted)
