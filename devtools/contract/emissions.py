"""What was emitted, to be compared with what is read."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from devtools.contract.emitted import Emitted
from devtools.contract.search import Candidate, Search
from devtools.contract.uses import Use
from devtools.dashboard.metrics import MetricId

#: Stands for whatever value a dimension has.
ANY = "*"


@dataclass(frozen=True, slots=True)
class Missing:
    """A metric that is read and was not emitted.

    Attributes:
        use: Who reads it.
        problem: What is not emitted: the namespace, the name, the dimensions, or their values.
        named: Whether something else was emitted by that name.
    """

    use: Use
    problem: str
    named: bool


class Emissions:
    """What was emitted, what may be, and by whom.

    Args:
        emitted: What was emitted, by functions and by metric filters.
        declared: What is emitted rarely: it need not have been.
        free: Dimensions whose values are not compared.
        told: The values that functions are told.
    """

    def __init__(
        self,
        emitted: Iterable[Emitted],
        declared: Iterable[Emitted],
        free: Collection[str],
        told: Collection[str],
    ) -> None:
        self.all = frozenset(emitted)
        self.declared = frozenset(declared)
        self._free = frozenset(free)
        self._told = frozenset(told)
        self._units: dict[MetricId, set[str]] = {}
        self._seen: dict[str, set[str]] = {}
        for one in self.all:
            self._units.setdefault(self._comparable(one.metric), set()).add(one.unit)
            for name, value in one.metric.dimensions:
                self._seen.setdefault(name, set()).add(value)

    def units_of(self, metric: MetricId) -> frozenset[str]:
        """The units that a metric is emitted in; none where it is not."""
        emitted = self._units.get(self._comparable(metric), set())
        declared = {one.unit for one in self.declared if self._may_be(one.metric, metric)}
        return frozenset(emitted | declared)

    def missing(self, use: Use) -> Missing:
        """Say what of a metric that is read is not emitted."""
        metric = use.metric
        known = [one.metric for one in (*self.all, *self.declared)]
        of_namespace = [one for one in known if one.namespace == metric.namespace]
        named = [one for one in of_namespace if one.name == metric.name]
        sets = {frozenset(dict(one.dimensions)) for one in named}
        name = f"{metric.namespace}/{metric.name}"
        if not of_namespace:
            problem = f"nothing emits into the namespace {metric.namespace}"
        elif not named:
            problem = f"nothing emits {name}"
        elif frozenset(dict(metric.dimensions)) not in sets:
            problem = (
                f"nothing emits {name} by {listed(dict(metric.dimensions))}, only by "
                f"{' or by '.join(sorted(map(listed, sets)))}"
            )
        else:
            values = ", ".join(f"{name}={value}" for name, value in metric.dimensions)
            problem = f"nothing emits {name} with {values}"
        return Missing(use, problem, bool(named))

    def untold(self, metric: MetricId) -> Iterator[str]:
        """The dimensions whose values are not compared, and are not what any function is told."""
        for name, value in metric.dimensions:
            if name in self._free and value not in self._told:
                yield f"no function is told the {name} {value}"

    def found(self, search: Search) -> list[Emitted]:
        """What a search finds."""
        return [
            one for one in (*self.all, *self.declared) if search.condition(self._candidate(one))
        ]

    def _candidate(self, one: Emitted) -> Candidate:
        dimensions = {
            name: None if name in self._free or value == ANY else value
            for name, value in one.metric.dimensions
        }
        return Candidate(one.metric.namespace, one.metric.name, dimensions)

    def _comparable(self, metric: MetricId) -> MetricId:
        dimensions = {
            name: ANY if name in self._free else value for name, value in metric.dimensions
        }
        return MetricId.of(metric.namespace, metric.name, dimensions)

    def _may_be(self, declared: MetricId, metric: MetricId) -> bool:
        if (declared.namespace, declared.name) != (metric.namespace, metric.name):
            return False
        pairs, wanted = dict(declared.dimensions), dict(metric.dimensions)
        return pairs.keys() == wanted.keys() and all(
            name in self._free
            or value == wanted[name]
            or (value == ANY and wanted[name] in self._seen.get(name, set()) | self._told)
            for name, value in pairs.items()
        )


def listed(names: Iterable[str]) -> str:
    """Names as a text."""
    return ", ".join(sorted(names)) or "nothing"
