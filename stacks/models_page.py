"""The table of ``docs/models.md``: each kind of model in each region, accepted or refused.

``python -m stacks.models_page`` writes it into the page, between two marks. It is what the settings
say, tried out: every cell is an environment's file that was checked.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from stacks.settings.environment import Settings
from stacks.settings.file import explain_settings
from stacks.settings.region import REGIONS

_ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = _ROOT / "docs" / "models.md"
_BEGIN: Final = "<!-- Generated from stacks/models_page.py by `make docs`. -->"
_END: Final = "<!-- End of what is generated. -->"
_SONNET: Final = "anthropic.claude-sonnet-4-6"
_OWNER: Final = "arn:{partition}:bedrock:{region}:123456789012"

#: What is tried in each region; of ARNs, the region's own.
KINDS: Final[tuple[Mapping[str, Any], ...]] = (
    {"id": f"us.{_SONNET}"},
    {"id": "us.amazon.nova-pro-v1:0"},
    {"id": "ca.amazon.nova-lite-v1:0"},
    {"id": f"eu.{_SONNET}"},
    {"id": "eu.amazon.nova-pro-v1:0"},
    {"id": "apac.amazon.nova-pro-v1:0"},
    {"id": f"apac.{_SONNET}"},
    {"id": f"jp.{_SONNET}"},
    {"id": f"au.{_SONNET}"},
    {"id": "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"},
    {"id": f"global.{_SONNET}"},
    {"id": "us.vendor.model-v1:0"},
    {"id": "us.vendor.model-v1:0", "destinations": ["{region}"]},
    {"id": "amazon.nova-pro-v1:0"},
    {"id": _SONNET},
    {"id": f"{_OWNER}:provisioned-model/abc123"},
    {"id": f"{_OWNER}:imported-model/abc123"},
    {
        "id": f"us.{_SONNET}",
        "application_profile": f"{_OWNER}:application-inference-profile/abc123",
    },
    {"id": f"us.{_SONNET}", "profile_per_agent": True},
    {"id": "us.anthropic.claude-3-7-sonnet-20250219-v1:0"},
)
#: Where Tradewind is deployed, and what is no such place: other partitions, and no regions at all.
PLACES: Final = (
    *(region for regions in REGIONS.values() for region in regions),
    *("ap-east-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1", "us-east-9", "xx-nowhere-1"),
)


def model_in(kind: Mapping[str, Any], region: str) -> dict[str, Any]:
    """What the settings' ``model`` says to try a kind in a region."""
    partition = "aws-us-gov" if region.startswith("us-gov-") else "aws"

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        if isinstance(value, str):
            return value.format(region=region, partition=partition)
        return value

    return {"region": region, **{name: filled(value) for name, value in kind.items()}}


def refusal(kind: Mapping[str, Any], region: str, base: Mapping[str, Any]) -> str | None:
    """The line that refuses a kind of model in a region; None where it is accepted.

    Args:
        kind: One of ``KINDS``.
        region: Of the model, and of the stacks.
        base: An environment's file that is as it must be.
    """
    content = deepcopy(dict(base))
    model = model_in(kind, region)
    prices = content["prices"]["usd_per_million_tokens"]
    prices[model["id"]] = next(iter(prices.values()))
    content |= {"environment": "dev", "region": region, "model": {**content["model"], **model}}
    try:
        Settings.model_validate(content)
    except ValidationError as invalid:
        return explain_settings(invalid)
    return None


def base_content() -> dict[str, Any]:
    """The environment's file that the table is tried with."""
    content: dict[str, Any] = yaml.safe_load((_ROOT / "config" / "dev.yaml").read_text("utf-8"))
    return content


def render() -> str:
    """The page's text with the table as it has to be now.

    Raises:
        ValueError: The page has no place for it.
    """
    text = PAGE.read_text(encoding="utf-8")
    before, begun, rest = text.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not (begun and ended):
        raise ValueError(f"{PAGE.name} has no place for its table: {_BEGIN} ... {_END}")
    return f"{before}{_BEGIN}\n" + "\n".join(_table()) + f"\n{_END}{after}"


def _table() -> Iterator[str]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(KINDS)]
    yield "| | `model`, with its `region` |"
    yield "|---|---|"
    for letter, kind in zip(letters, KINDS, strict=True):
        said = ", ".join(f"`{name}: {_shown(value)}`" for name, value in kind.items())
        yield f"| {letter} | {said} |"
    yield ""
    yield f"| Region | {' | '.join(letters)} |"
    yield "|---|" + "---|" * len(letters)
    lines: dict[str, int] = {}
    base = base_content()
    for region in PLACES:
        cells = []
        for kind in KINDS:
            line = refusal(kind, region, base)
            if line is None:
                cells.append("yes")
                continue
            said = line.replace(region, "REGION") if repr(region) in line else line
            cells.append(str(lines.setdefault(said, len(lines) + 1)))
        yield f"| {region} | {' | '.join(cells)} |"
    yield ""
    for line, number in lines.items():
        yield f"{number}. `{line.replace('`', '')}`"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value.format(region="REGION", partition="PARTITION")
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return str(value).lower()


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
