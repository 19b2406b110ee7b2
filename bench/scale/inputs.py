"""The simulation's figures: measured, documented, assumed, and what an environment is set to."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import yaml

from bench.scale.simulation import Setting
from cli.agents import agents
from stacks.settings.file import load_settings

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = Path(__file__).with_name("inputs.yaml")
_KNOWN: Final = frozenset(field.name for field in fields(Setting))
_MILLION: Final = 1_000_000
_MB: Final = 1024
#: ``api.invocations``: when an answer says to look again.
LOOK_S: Final = 2.0


def figures() -> dict[str, tuple[Any, str, str]]:
    """Each figure of the file: its value, its kind and where it is from."""
    kinds: Mapping[str, Mapping[str, Mapping[str, Any]]] = yaml.safe_load(FILE.read_text())
    return {
        name: (one["value"], kind, one["from"])
        for kind, named in kinds.items()
        for name, one in named.items()
    }


def setting(environment: str, agent: str, changes: Mapping[str, Any] | None = None) -> Setting:
    """What a request to an agent meets in an environment.

    Args:
        environment: A file of ``config/``.
        agent: Whose function it is.
        changes: Values in place of the figures'.

    Raises:
        ValueError: There is no figure of such a name.
    """
    changes = changes or {}
    if unknown := sorted(changes.keys() - _KNOWN):
        raise ValueError(f"no such figure: {', '.join(unknown)}; known are {sorted(_KNOWN)}")
    settings = load_settings(environment, ROOT / "config", agents())
    function = settings.function(agents()[agent])
    prices = settings.prices.usd_per_million_tokens[settings.model.id]
    cap = settings.concurrency.cap(function.reserved_concurrency)
    values = {name: value for name, (value, _, _) in figures().items()} | {
        "api_per_s": settings.api.requests_per_second,
        "api_burst": settings.api.burst,
        "instances": settings.concurrency.account if cap is None else cap,
        "queue_life_s": settings.api.queue_life_s,
        "look_s": LOOK_S,
        "timeout_s": function.timeout_s,
        "max_tokens": settings.model.max_tokens,
        "memory_gb": function.memory_mb / _MB,
        "usd_per_input_token": prices.input / _MILLION,
        "usd_per_output_token": prices.output / _MILLION,
    }
    return Setting(**{**values, **changes})
