"""``config/NAME.yaml``, read into an environment's settings.

A value that is not allowed stops the synth with one line: file, field, value, what is allowed.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from stacks.settings.environment import (
    ENVIRONMENT_NAME_LENGTH,
    ENVIRONMENT_NAME_PATTERN,
    Settings,
)
from stacks.settings.errors import SettingsError
from stacks.settings.limits import problem_of_limits
from stacks.settings.provisioned import problem_of_provisioned
from stacks.settings.runtime import problem_of_runtimes, with_runtimes
from stacks.settings.unique_keys import DuplicateKey, load_yaml
from stacks.settings.ways_out import problem_of_network
from stacks.settings.yaml_limits import TooMuch
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.validation import explain, shortened

_ENVIRONMENT_NAME: Final = re.compile(ENVIRONMENT_NAME_PATTERN)
_ENVIRONMENT_NAME_ALLOWED: Final = (
    "1 to 20 lower-case letters, digits and hyphens, a letter first, no hyphen last and no two in "
    "a row"
)


def load_settings(environment: str, folder: Path, agents: Mapping[str, AgentManifest]) -> Settings:
    """Read ``folder/environment.yaml``.

    Args:
        environment: Its name.
        folder: ``config``.
        agents: The agents there are, which the file may say something of.

    Raises:
        SettingsError: There is no such environment, or its file is not as it must be.
    """
    content = read_content(environment, folder)
    shown = _shown(environment, folder)
    try:
        settings = Settings.model_validate({**content, "environment": environment})
    except ValidationError as invalid:
        raise SettingsError(f"{shown}: {explain_settings(invalid)}") from None
    _check_agents(settings, agents, shown)
    return settings


def read_content(environment: str, folder: Path) -> dict[str, Any]:
    """Read ``folder/environment.yaml`` as far as it is a mapping.

    Args:
        environment: Its name.
        folder: ``config``.

    Raises:
        SettingsError: There is no such environment, or its file is no mapping.
    """
    # Checked before it becomes a path.
    fits = len(environment) <= ENVIRONMENT_NAME_LENGTH and _ENVIRONMENT_NAME.fullmatch(environment)
    if not fits:
        raise SettingsError(
            f"env: {environment!r} is not allowed; give {_ENVIRONMENT_NAME_ALLOWED}"
        )
    file = folder / f"{environment}.yaml"
    shown = _shown(environment, folder)
    try:
        content = load_yaml(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        existing = ", ".join(sorted(path.stem for path in folder.glob("*.yaml"))) or "none"
        raise SettingsError(
            f"env: there is no {shown}; the environments that exist: {existing}"
        ) from None
    except (DuplicateKey, TooMuch) as refused:
        raise SettingsError(f"{shown}: {refused}") from None
    except OSError as error:
        raise SettingsError(f"{shown} cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        # A ValueError is text in another encoding, a 13th month, or a number of endless digits.
        raise SettingsError(f"{shown}: not valid YAML: {' '.join(str(broken).split())}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{shown}: the file is not allowed to be anything but a mapping")
    if "environment" in content:
        raise SettingsError(f"{shown}: environment: is not a setting; it is the file's name")
    return content


def _shown(environment: str, folder: Path) -> str:
    return f"{folder.name}/{environment}.yaml"


def _check_agents(settings: Settings, agents: Mapping[str, AgentManifest], shown: str) -> None:
    """Refuse what is said of an agent that does not exist, or of an endpoint it does not have."""
    if settings.functions.endpoints:
        raise SettingsError(f"{shown}: functions.endpoints: is an agent's own; set it in agents")
    if problem := problem_of_runtimes(settings.runtimes, agents, settings.budgets):
        raise SettingsError(f"{shown}: {problem}")
    asked = with_runtimes(agents, settings.runtimes)
    if problem := problem_of_provisioned(
        settings.provisioned,
        list(asked),
        settings.reservations(asked),
        tokens=settings.oidc is not None,
        snapshots=settings.snap_start,
    ):
        raise SettingsError(f"{shown}: {problem}")
    if problem := problem_of_network(settings, asked):
        raise SettingsError(f"{shown}: {problem}")
    if settings.aws_budget is not None and settings.region.startswith("us-gov-"):
        raise SettingsError(
            f"{shown}: aws_budget: {settings.region} has no AWS Budgets; the commercial account "
            "that pays for this one has them"
        )
    for name in settings.deployment.hold:
        if name not in agents:
            raise SettingsError(
                f"{shown}: deployment.hold.{name}: there is no such agent; those there are: "
                f"{', '.join(agents) or 'none'}"
            )
    for name, function in settings.agents.items():
        if name not in agents and name not in settings.runtimes:
            raise SettingsError(
                f"{shown}: agents.{name}: there is no such agent; those there are: "
                f"{', '.join([*agents, *settings.runtimes]) or 'none'}"
            )
        there = agents[name].function.endpoints if name in agents else {}
        for variable in function.endpoints:
            if variable not in there:
                known = ", ".join(there) or "none"
                raise SettingsError(
                    f"{shown}: agents.{name}.endpoints.{variable} is not in its agent.toml; "
                    f"those there: {known}"
                )
    if problem := problem_of_limits(settings, asked):
        raise SettingsError(f"{shown}: {problem}")


def explain_settings(invalid: ValidationError) -> str:
    """Say in one line which field is wrong and what it may be."""
    error = invalid.errors(include_url=False)[0]
    if error["type"] == "model":
        field = error["ctx"]["field"]
        given = shortened(repr(error["input"].get(field)))
        place = ".".join(map(str, error["loc"]))
        return f"{place}.{field}: {given} is not allowed; give {error['msg']}"
    if error["type"] == "model_reach":
        return f"model: {error['msg']}"
    if error["type"] == "question_life":
        return f"question_life_days may be {error['msg']}"
    if error["type"] == "price":
        return f"prices.usd_per_million_tokens has no prices of the model {error['msg']}; add them"
    return explain(invalid, Settings)
