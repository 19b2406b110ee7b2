"""Regions of AWS, as an environment's settings name them."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

#: The partitions that Tradewind deploys to, and their regions: those that botocore 1.44 has Lambda
#: and Bedrock in. Both have the DNS suffix ``amazonaws.com``, which policies here are written with.
#: China has no Bedrock; of the others nothing is tried.
REGIONS: Final = {
    "aws": (
        "af-south-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
}


def partition_of(region: str) -> str:
    """The partition of a region of ``REGIONS``.

    Raises:
        KeyError: It is none.
    """
    return {one: partition for partition, regions in REGIONS.items() for one in regions}[region]


def _known(region: str) -> str:
    if not any(region in regions for regions in REGIONS.values()):
        raise PydanticCustomError("region", "not a region with Lambda and Bedrock")
    return region


#: The name of a region.
Region = Annotated[
    str,
    AfterValidator(_known),
    Field(
        description="an AWS region such as us-east-1 with Lambda and Bedrock, commercial or in "
        "GovCloud (US)"
    ),
]
