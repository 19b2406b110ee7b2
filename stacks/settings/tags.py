"""Tags that every kind of resource here takes.

Most services take letters of any language; Bedrock and AgentCore take these alone (`TagKey` and
`TagValue` in their API models), and CloudFormation no value that is empty. IAM holds two keys that
differ in case to be one, and refuses both.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from tradewind.contracts.validation import refused

#: Tags of a resource, AWS's own not counted.
MOST: Final = 50
_TEXT: Final = re.compile(r"[a-zA-Z0-9._:/=+@-](?:[a-zA-Z0-9 ._:/=+@-]*[a-zA-Z0-9._:/=+@-])?")
_ALLOWED: Final = "letters from a to z, digits, spaces within and ._:/=+@-"
_LONGEST_KEY: Final = 128
_LONGEST_VALUE: Final = 256


def _possible(tags: Mapping[str, str]) -> Mapping[str, str]:
    if len(tags) > MOST:
        raise refused(f"there are {len(tags)}; a resource has {MOST} at most")
    known: dict[str, str] = {}
    for key, value in tags.items():
        if not _TEXT.fullmatch(key) or len(key) > _LONGEST_KEY:
            raise refused(
                f"the key {_shown(key)} is not allowed; give 1 to {_LONGEST_KEY} characters: "
                f"{_ALLOWED}"
            )
        if key.lower().startswith("aws:"):
            raise refused(f"the key {_shown(key)} is not allowed; what begins with aws: is AWS's")
        if not _TEXT.fullmatch(value) or len(value) > _LONGEST_VALUE:
            raise refused(
                f"{key}: {_shown(value)} is not allowed; give 1 to {_LONGEST_VALUE} characters: "
                f"{_ALLOWED}"
            )
        twin = known.setdefault(key.lower(), key)
        if twin != key:
            raise refused(f"{twin} and {key} are one key to IAM, which ignores case; leave one out")
    return tags


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_KEY else f"{text[:_LONGEST_KEY]}...")


#: Tags by key.
TagsOfAll = Annotated[
    Mapping[str, str],
    AfterValidator(_possible),
    Field(description="text for text, 50 at most, no key beginning with aws:"),
]
