"""What an account answers of inference profiles, kept in the table that the stacks grant from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.errors import CommandError
from stacks.inference_profiles import ProfileTable

_SEEN: Final = "\nseen:"


@dataclass(frozen=True)
class Asked:
    """A profile that settings name, and the region it is called from."""

    profile_id: str
    region: str


@dataclass(frozen=True)
class Answer:
    """What the account says of it.

    Attributes:
        asked: What was asked.
        destinations: The regions that its calls may land in, in order.
        known: Those that the table had before; empty for none.
    """

    asked: Asked
    destinations: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether the table has to be written."""
        return self.destinations != self.known


def profiles_in(content: Any, table: ProfileTable) -> list[Asked]:
    """The profiles that an environment's file names, whether or not the table knows them.

    Args:
        content: The file, as it was read.
        table: What tells a profile's id from a model's own.

    Raises:
        CommandError: The file says nothing of a model.
    """
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict):
        raise CommandError("the file has no model; its `model` has `id` and `region`")
    former = model.get("former_models")
    choices = [model, *(former if isinstance(former, list) else ())]
    return list(dict.fromkeys(_asked(choices, table)))


def _asked(choices: list[Any], table: ProfileTable) -> Iterator[Asked]:
    for choice in choices:
        if not isinstance(choice, dict):
            continue
        model_id, region = choice.get("id"), choice.get("region")
        if not isinstance(model_id, str) or not isinstance(region, str):
            raise CommandError("a model in the file lacks its `id` or `region`")
        is_profile = model_id.partition(".")[0] in table.geographies() or "destinations" in choice
        if is_profile and not model_id.startswith("arn:"):
            yield Asked(model_id, region)


def answer_of(asked: Asked, table: ProfileTable) -> Answer:
    """Ask the account, in the profile's source region.

    Raises:
        CommandError: It has no such profile there, or cannot be asked.
    """
    import boto3  # noqa: PLC0415  only what calls AWS waits for it

    from cli.api.aws import aws_failures  # noqa: PLC0415

    with aws_failures(f"Bedrock in {asked.region} does not say what {asked.profile_id} is"):
        told = boto3.client("bedrock", region_name=asked.region).get_inference_profile(
            inferenceProfileIdentifier=asked.profile_id
        )
    # A global profile's list has an ARN without a region besides.
    regions = {one["modelArn"].split(":")[3] for one in told["models"]} - {""}
    known = table.destinations(asked.profile_id).get(asked.region, ())
    return Answer(asked, tuple(sorted(regions)), tuple(known))


def write(answers: list[Answer], file: Path, table: ProfileTable) -> None:
    """Put what is new under ``seen``, and leave the rest of the file to the letter.

    Raises:
        CommandError: The file has no such place.
    """
    text = file.read_text(encoding="utf-8")
    before, found, _ = text.partition(_SEEN)
    if not found:
        raise CommandError(f"{file.name} has no `seen`; put `seen: {{}}` at its end")
    seen = {profile: dict(sources) for profile, sources in table.seen.items()}
    for answer in answers:
        if answer.is_new:
            sources = seen.setdefault(answer.asked.profile_id, {})
            sources[answer.asked.region] = list(answer.destinations)
    file.write_text(f"{before}{_SEEN}{_render(seen)}", encoding="utf-8")


def _render(seen: dict[str, dict[str, list[str]]]) -> str:
    if not seen:
        return " {}\n"
    lines = [""]
    for profile, sources in sorted(seen.items()):
        lines.append(f"  {profile}:")
        lines += [
            f"    {source}: [{', '.join(landing)}]" for source, landing in sorted(sources.items())
        ]
    return "\n".join([*lines, ""])
