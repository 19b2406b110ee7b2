"""Regions of AWS, as an environment's settings name them."""

from typing import Annotated, Final

from pydantic import Field

_REGION_PATTERN: Final = r"^[a-z]{2}(-[a-z]+)+-[1-9]$"

#: The name of a region.
Region = Annotated[
    str, Field(pattern=_REGION_PATTERN, description="an AWS region such as us-east-1")
]
