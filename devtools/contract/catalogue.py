"""What AWS services emit, out of a checked-in file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devtools.contract.uses import ContractError
from devtools.yaml_files import YamlFileError, load_yaml

#: The catalogue that comes with this package.
AWS_METRICS: Final = Path(__file__).parent / "aws_metrics.yaml"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AwsMetric(_Frozen):
    """One metric of a service.

    Attributes:
        unit: Its CloudWatch unit.
        statistics: Those that say something of it; ``percentile`` stands for all of p0 to p100.
    """

    unit: str
    statistics: frozenset[str]


class ResourceProperty(_Frozen):
    """Where values come from: properties of a type of resource, joined by colons if several."""

    resource: str
    properties: Annotated[tuple[str, ...], Field(strict=False)]


class Service(_Frozen):
    """One namespace.

    Attributes:
        source: The page it was read from.
        dimension_sets: Those its metrics are kept under.
        dimension_values: Where values come from, by dimension; others are not compared.
        metrics: By name.
        region: Where the region that its metrics are in comes from; None for that of the stacks.
    """

    source: str
    dimension_sets: Annotated[tuple[frozenset[str], ...], Field(strict=False)]
    dimension_values: Mapping[str, ResourceProperty] = {}
    metrics: Mapping[str, AwsMetric]
    region: ResourceProperty | None = None


Catalogue = Mapping[str, Service]


class _File(BaseModel):
    services: dict[str, Service]


def load_catalogue(file: Path = AWS_METRICS) -> Catalogue:
    """Read a catalogue.

    Raises:
        ContractError: The file is not one.
    """
    try:
        content = load_yaml(file)
        return _File.model_validate({"services": content}, strict=False).services
    except YamlFileError as error:
        raise ContractError(str(error)) from error
    except OSError as error:
        raise ContractError(f"{file}: {error}") from error
    except ValidationError as invalid:
        first = invalid.errors()[0]
        field = ".".join(str(step) for step in first["loc"])
        raise ContractError(f"{file}: {field}: {first['msg']}") from invalid
