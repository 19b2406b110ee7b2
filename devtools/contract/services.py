"""Reading a metric of an AWS service, against the catalogue and the templates' resources."""

from collections.abc import Iterator
from itertools import product

from devtools.contract.catalogue import AwsMetric, Catalogue, Service
from devtools.contract.emissions import listed
from devtools.contract.search import Candidate, Search
from devtools.contract.units import is_among
from devtools.contract.uses import Contract, Use


def problems_of(use: Use, service: Service, contract: Contract) -> Iterator[str]:
    """What is wrong with reading this metric of this service."""
    name = f"{use.metric.namespace}/{use.metric.name}"
    metric = service.metrics.get(use.metric.name)
    if metric is None:
        yield f"the catalogue has no metric {name}"
        return
    dimensions = dict(use.metric.dimensions)
    if frozenset(dimensions) not in service.dimension_sets:
        yield f"{name} is not kept by {listed(dimensions)}"
    if not is_among(use.statistic, metric.statistics | {"SampleCount"}):
        yield f"{use.statistic} of {name} says nothing: it has {listed(metric.statistics)}"
    if use.unit is not None and use.unit != metric.unit:
        yield f"{name} is emitted in {metric.unit}, not in {use.unit}"
    for dimension, value in dimensions.items():
        origin = service.dimension_values.get(dimension)
        if origin and value not in contract.values_of(origin.resource, *origin.properties):
            yield f"no {origin.resource} of the templates has the {dimension} {value}"


def regions_of(service: Service, contract: Contract) -> frozenset[str]:
    """Where the metrics are that this app causes in a service."""
    if service.region is None:
        return frozenset({contract.region})
    return contract.values_of(service.region.resource, *service.region.properties)


def found(search: Search, catalogue: Catalogue, contract: Contract) -> dict[str, AwsMetric]:
    """What a search finds among the services' metrics, by namespace and name."""
    metrics = {}
    for namespace, service in catalogue.items():
        for names in service.dimension_sets:
            ordered = sorted(names)
            for values in product(*(_values(service, name, contract) for name in ordered)):
                dimensions = dict(zip(ordered, values, strict=True))
                for name, metric in service.metrics.items():
                    if search.condition(Candidate(namespace, name, dimensions)):
                        metrics[f"{namespace}/{name}"] = metric
    return metrics


def _values(service: Service, dimension: str, contract: Contract) -> list[str | None]:
    origin = service.dimension_values.get(dimension)
    if origin is None:
        return [None]
    return [*sorted(contract.values_of(origin.resource, *origin.properties))]
