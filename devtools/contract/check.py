"""The comparison of what is read with what is emitted."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from devtools.contract import filters, logs, services
from devtools.contract.catalogue import Catalogue
from devtools.contract.emissions import Emissions, Missing, listed
from devtools.contract.emitted import Emitted
from devtools.contract.emitters import Emitter, unheard
from devtools.contract.exceptions import MetricKey
from devtools.contract.logged import Logged
from devtools.contract.search import Search
from devtools.contract.units import is_among, is_drawn_rightly, statistics_of
from devtools.contract.uses import Contract, Use
from devtools.dashboard.metrics import MetricId


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A broken promise.

    Attributes:
        where: The widget, the alarm, the query, the filter, or the metric.
        problem: What is wrong with it.
    """

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def check(
    contract: Contract,
    emitted: Iterable[Emitted],
    catalogue: Catalogue,
    exceptions: Mapping[MetricKey, str],
    *,
    free: Collection[str] = (),
    declared: Collection[Emitted] = (),
    logged: Logged | None = None,
    emitters: Collection[Emitter] = (),
) -> list[Finding]:
    """Compare what is read with what is emitted, both ways.

    Args:
        contract: What widgets, alarms, queries and metric filters read.
        emitted: What was emitted.
        catalogue: What AWS services emit.
        exceptions: Metrics that nobody has to read.
        free: Dimensions whose values are not compared, because what was emitted comes from
            another deployment than the one the templates are for. What is read has to be a value
            that the templates tell a function.
        declared: What is emitted rarely, and need not have been to be read. A dimension's value
            of ``*`` stands for each that was seen or that a function is told.
        logged: What is in the logs. Without it, queries' fields and filters' lines are not
            compared.
        emitters: Who has something to emit. Of one that was never called that is said, and of
            what only it would have emitted nothing else.

    Returns:
        What is wrong, sorted; nothing when all is well.
    """
    lines = logged.lines if logged else ()
    made = [one for each in contract.filters for one in filters.published(each, lines)]
    ours = Emissions((*emitted, *made), declared, free, contract.told)
    missing, findings = _read(contract, catalogue, ours)
    silent = unheard(emitters, lines) if logged is not None else []
    findings += map(_silence, silent)
    for lost in missing:
        metric = lost.use.metric
        if not any(one.may_emit(metric, heard_elsewhere=lost.named) for one in silent):
            findings.append(Finding(lost.use.where, lost.problem))
    searched = set()
    for sought in contract.searches:
        keys, problems = _search(sought.search, catalogue, contract, ours)
        searched |= keys
        findings += (Finding(sought.where, problem) for problem in problems)
    nothing = bool(silent) and len(silent) == len(emitters)
    for log in contract.logs:
        waited_for = nothing or any(one.group in log.groups for one in silent)
        heard = None if waited_for else logged
        findings += (
            Finding(log.where, problem) for problem in logs.problems_of(log, contract, heard)
        )
    for each in contract.filters:
        wrong = [*logs.missing_groups((each.group,), contract)]
        if logged is not None:
            wrong += filters.problems_of(each, lines)
        findings += (Finding(each.where, problem) for problem in wrong)
        findings += (Finding(*found) for found in filters.skewed(each, contract.uses))
    read = {_key(use.metric) for use in contract.uses} | searched
    findings += _unread(read, ours, () if nothing else exceptions)
    findings += (Finding(where, problem) for where, problem in contract.problems)
    return sorted(set(findings))


def _read(
    contract: Contract, catalogue: Catalogue, ours: Emissions
) -> tuple[list[Missing], list[Finding]]:
    """What is read and not emitted, and what else is wrong with reading it."""
    missing: list[Missing] = []
    findings: list[Finding] = []
    for use in contract.uses:
        problems: list[str] = []
        regions = frozenset({contract.region})
        service = catalogue.get(use.metric.namespace)
        if service is not None:
            problems += services.problems_of(use, service, contract)
            regions = services.regions_of(service, contract)
            unit = (
                service.metrics[use.metric.name].unit if use.metric.name in service.metrics else ""
            )
            problems += _on_axis(use, {unit} - {""})
        elif use.metric.namespace.startswith("AWS/"):
            problems.append(f"the catalogue has no namespace {use.metric.namespace}")
        elif units := ours.units_of(use.metric):
            problems += [*_against_units(use, units), *ours.untold(use.metric)]
        else:
            missing.append(ours.missing(use))
        if use.region not in {None, *regions}:
            problems.append(
                f"{use.metric.namespace}/{use.metric.name} is not in {use.region}, "
                f"but in {listed(regions)}"
            )
        findings += (Finding(use.where, problem) for problem in problems)
    return missing, findings


def _silence(one: Emitter) -> Finding:
    return Finding(
        one.name, f"it was never called, and what reads it was not checked. To call it: {one.call}"
    )


def _against_units(use: Use, units: Collection[str]) -> Iterator[str]:
    """Problems of reading a metric that was emitted in these units."""
    name = f"{use.metric.namespace}/{use.metric.name}"
    if len(units) > 1:
        yield f"{name} is emitted in more than one unit: {listed(units)}"
    if use.unit is not None and use.unit not in units:
        yield f"{name} is emitted in {listed(units)}, not in {use.unit}"
    for unit in units:
        if not is_among(use.statistic, statistics_of(unit)):
            yield f"{use.statistic} of {name} says nothing: its unit is {unit}"
    yield from _on_axis(use, units)


def _on_axis(use: Use, units: Collection[str]) -> Iterator[str]:
    for unit in units:
        if not is_drawn_rightly(use.axis, unit, use.statistic):
            yield f"its axis says {use.axis}, and {use.metric.name} is emitted in {unit}"


def _search(
    search: Search, catalogue: Catalogue, contract: Contract, ours: Emissions
) -> tuple[set[MetricKey], list[str]]:
    """The metrics that a search finds, and what is wrong with it."""
    emitted = ours.found(search)
    of_services = services.found(search, catalogue, contract)
    problems = []
    if not emitted and not of_services:
        problems.append(f"{search.text!r} finds no metric")
    for one in emitted:
        if not is_among(search.statistic, statistics_of(one.unit)):
            problems.append(
                f"{search.statistic} of {one.metric.namespace}/{one.metric.name} says nothing: "
                f"its unit is {one.unit}"
            )
    for name, metric in of_services.items():
        if not is_among(search.statistic, metric.statistics | {"SampleCount"}):
            problems.append(f"{search.statistic} of {name} says nothing")
    return {_key(one.metric) for one in emitted}, problems


def _unread(
    read: Collection[MetricKey], ours: Emissions, exceptions: Collection[MetricKey]
) -> Iterator[Finding]:
    """Metrics that nobody reads, and exceptions that except nothing."""
    written = {_key(one.metric) for one in ours.all}
    for key in written - set(read) - set(exceptions):
        yield Finding(str(key), "it is emitted, and no widget, alarm or exception names it")
    for key in set(exceptions) - written - {_key(one.metric) for one in ours.declared}:
        yield Finding(str(key), "it is an exception, and nothing emits it")
    for key in set(exceptions) & set(read):
        yield Finding(str(key), "it is an exception, and a widget or an alarm reads it")


def _key(metric: MetricId) -> MetricKey:
    return MetricKey(metric.namespace, metric.name, frozenset(dict(metric.dimensions)))
