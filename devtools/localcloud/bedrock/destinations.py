"""Where calls of cross-region profiles may land.

Written down here on its own, apart from the infrastructure that grants access to them, so that
each checks the other. Source: AWS's guide, "Supported Regions and models for inference profiles".
"""

from collections.abc import Mapping
from typing import Final

#: The prefix of profiles whose calls may land in any commercial region.
GLOBAL: Final = "global"

Sources = Mapping[str, tuple[str, ...]]

_US: Final = ("us-east-1", "us-east-2", "us-west-2")
_EU: Final = ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3")
_EU_NOVA: Final = ("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3")
_JP: Final = ("ap-northeast-1", "ap-northeast-3")
_AU: Final = ("ap-southeast-2", "ap-southeast-4")
_CA: Final = ("ca-central-1", "ca-west-1")
_GOV: Final = "us-gov-west-1"
_APAC: Final = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2"),
)
_APAC_SOUTH: Final = (*_APAC, "ap-south-2", "ap-southeast-4")
_APAC_FAR: Final = (*_APAC_SOUTH, "ap-southeast-3")


def _with(regions: tuple[str, ...], *joining: str) -> Sources:
    """Profiles between some regions, and from others that a call may stay in."""
    return dict.fromkeys(regions, regions) | {one: (*regions, one) for one in joining}


_CLAUDE_US: Final = _with(_US, "us-west-1", "ca-central-1")
_CLAUDE_EU: Final = _with(_EU, "eu-central-2", "eu-west-2")
_NOVA_EU: Final = {
    **_with(_EU_NOVA, "eu-south-1", "eu-south-2"),
    "il-central-1": (*_EU_NOVA, "eu-south-1", "il-central-1"),
}
_NOVA_APAC: Final = {
    **{one: _APAC for one in _APAC if one != "ap-northeast-3"},
    "ap-southeast-3": _APAC_FAR,
    "ap-southeast-4": _APAC_SOUTH,
    **{
        one: (*_APAC_FAR, one)
        for one in ("ap-east-2", "ap-southeast-5", "ap-southeast-7", "me-central-1")
    },
}
_EVERYWHERE_4_5: Final = (
    *(*_APAC_FAR, *_CLAUDE_US, *_CLAUDE_EU),
    *("il-central-1", "me-central-1", "sa-east-1"),
)
_EVERYWHERE_4_6: Final = (
    *(*_EVERYWHERE_4_5, "af-south-1", "ap-east-2", "ap-southeast-5", "ap-southeast-7"),
    *("ca-west-1", "me-south-1", "mx-central-1"),
)


def _global(*sources: str) -> Sources:
    return {one: (one,) for one in sources}


#: Model, prefix of its profile, source region, and where a call from there may land.
DESTINATIONS: Final[Mapping[str, Mapping[str, Sources]]] = {
    "anthropic.claude-sonnet-4-6": {
        "us": _with(_US, "us-west-1", *_CA),
        "eu": _CLAUDE_EU,
        "jp": _with(_JP),
        "au": _with(_AU),
        GLOBAL: _global(*_EVERYWHERE_4_6),
    },
    "anthropic.claude-sonnet-4-5-20250929-v1:0": {
        "us": _CLAUDE_US,
        "eu": _CLAUDE_EU,
        "jp": _with(_JP),
        "au": _with(_AU),
        "us-gov": {"us-gov-east-1": (_GOV,), _GOV: (_GOV,)},
        GLOBAL: _global(*_EVERYWHERE_4_5, "af-south-1", "ca-west-1"),
    },
    "anthropic.claude-haiku-4-5-20251001-v1:0": {
        "us": _CLAUDE_US,
        "eu": _CLAUDE_EU,
        "jp": _with(_JP),
        "au": _with(_AU),
        GLOBAL: _global(*_EVERYWHERE_4_5, "me-south-1"),
    },
    "amazon.nova-pro-v1:0": {
        "us": _with(_US, "us-west-1"),
        "eu": _NOVA_EU,
        "apac": _NOVA_APAC,
    },
    "amazon.nova-lite-v1:0": {
        "us": _with(_US, "us-west-1"),
        "eu": _NOVA_EU,
        "apac": _NOVA_APAC,
        "ca": _with(_CA),
    },
    # No longer served; their profiles are still there to be refused.
    "anthropic.claude-sonnet-4-20250514-v1:0": {"us": _with(_US), "eu": _with(_EU)},
    "anthropic.claude-3-7-sonnet-20250219-v1:0": {"us": _with(_US), "eu": _with(_EU_NOVA)},
}
