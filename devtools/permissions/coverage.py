"""The calls of an app's roles, laid over what its policies grant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from devtools.permissions.conditions import Condition, Context, all_hold, holds
from devtools.permissions.excuses import Excuse
from devtools.permissions.grants import Policies, Statement, resolve, spell
from devtools.permissions.patterns import is_pattern, matches, narrower
from devtools.permissions.record import Call, Principal, Record


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong.

    Attributes:
        kind: ``denied``: a call that is not allowed; ``unused``: a grant that no call used;
            ``wide``: one that could be narrower; ``borrowed``: a managed policy; ``stale``: an
            excuse for nothing.
        where: The principal, or the excuse.
        problem: In words.
    """

    kind: str
    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.problem}"


@dataclass(frozen=True)
class Coverage:
    """How much of what is granted was used.

    Attributes:
        grants: How many there are: an action on a resource, under a statement's conditions.
        used: How many of them calls used.
        excused: How many of the others a reason was given for.
        calls: How many different calls were compared.
        findings: What is wrong.
    """

    grants: int
    used: int
    excused: int
    calls: int
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        rest = self.grants - self.used - self.excused
        return (
            f"{self.grants} grants: {self.used} used by {self.calls} calls, "
            f"{self.excused} excused, {rest} unused"
        )


@dataclass
class _Grant:
    """An action on a resource, and what it was used for."""

    statement: Statement
    action: str
    resource: str
    patterns: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    contexts: list[tuple[tuple[Condition, ...], Context]] = field(default_factory=list)


def cover(
    policies: Policies,
    records: Sequence[Record],
    excuses: Iterable[Excuse],
    *,
    partial: bool = False,
) -> Coverage:
    """Compare the policies of an app with the calls that its principals made.

    Args:
        policies: What the templates grant.
        records: Calls into deployments of them. Calls of others' roles are passed over.
        excuses: Grants that are to stay though no call uses them, or all of their width.
        partial: The calls are some of those that there are: only what is denied is wrong then.

    Raises:
        PermissionsError: A policy has what is not understood here.
    """
    grants = {
        (position, action, index): _Grant(statement, action, spell(resource))
        for position, statement in enumerate(policies.statements)
        if statement.effect == "Allow"
        for action in statement.actions
        for index, resource in enumerate(statement.resources)
    }
    findings: list[Finding] = []
    seen: set[str] = set()
    for record in records:
        findings += _lay(policies, record, grants, seen)
    used = [grant for grant in grants.values() if grant.resources]
    excused = 0
    if not partial:
        judged = _Judged(tuple(excuses))
        for grant in grants.values():
            excused += judged.judge(grant)
        for principal, arn in policies.borrowed:
            problem = f"has {arn}, and no template says what that grants"
            judged.note("borrowed", principal, "", arn, problem)
        findings += judged.findings
        findings += judged.stale()
    unique = tuple(dict.fromkeys(findings))
    return Coverage(len(grants), len(used), excused, len(seen), unique)


def _lay(
    policies: Policies,
    record: Record,
    grants: dict[tuple[int, str, int], _Grant],
    seen: set[str],
) -> Iterator[Finding]:
    """Lay the calls of one deployment over the grants; find what is denied."""
    held: dict[Principal, list[tuple[int, Statement, list[str], tuple[Condition, ...]]]] = {}
    for position, statement in enumerate(policies.statements):
        values = record.values.get(statement.principal.stack, {})
        resources = [resolve(one, values) for one in statement.resources]
        held.setdefault(statement.principal, []).append(
            (position, statement, resources, statement.conditions_with(values))
        )
    for call in record.calls:
        if call.principal not in held:
            continue
        seen.add(str(call))
        allowed = denied = False
        for position, statement, resources, conditions in held[call.principal]:
            hits = list(_hits(statement, resources, call))
            if not hits or not all_hold(conditions, call.context):
                continue
            allowed |= statement.effect == "Allow"
            denied |= statement.effect == "Deny"
            # What was refused though these templates allow it, somebody had taken from the role.
            for action, index in hits if statement.effect == "Allow" and call.allowed else ():
                grant = grants[position, action, index]
                grant.patterns.add(resources[index])
                grant.resources.add(call.resource)
                grant.contexts.append((conditions, call.context))
        if denied or not allowed:
            since = ": was allowed, and no more by these templates" if call.allowed else ""
            problem = f"{call.action} on {call.resource}{since}"
            yield Finding("denied", str(call.principal), problem)


def _hits(statement: Statement, resources: list[str], call: Call) -> Iterator[tuple[str, int]]:
    """The actions and resources of a statement that a call falls under."""
    for action in statement.actions:
        if matches(action, call.action, ignore_case=True):
            for index, resource in enumerate(resources):
                if matches(resource, call.resource):
                    yield action, index


@dataclass
class _Judged:
    """Findings on grants, but for those that are excused."""

    excuses: tuple[Excuse, ...]
    findings: list[Finding] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)

    def judge(self, grant: _Grant) -> bool:
        """Note what is wrong with a grant. Returns whether it is unused, and excused."""
        what = f"{grant.action} on {grant.resource}"
        if not grant.resources:
            return self._note(grant, "unused", f"{what}: granted, and no call used it")
        if is_pattern(grant.action):
            self._note(grant, "wide", f"{what}: the action is a pattern")
        for pattern in grant.patterns if is_pattern(grant.resource) else ():
            enough = narrower(pattern, grant.resources)
            if enough is not None:
                self._note(grant, "wide", f"{what}: {enough} would have been enough")
        for place, (operator, key, values) in enumerate(grant.statement.conditions):
            for index, value in enumerate(values if len(values) > 1 else ()):
                if not any(
                    holds((operator, key, (conditions[place][2][index],)), context)
                    for conditions, context in grant.contexts
                ):
                    self._note(grant, "unused", f"{what}, {key} {spell(value)}: no call used it")
        return False

    def stale(self) -> Iterator[Finding]:
        """The excuses that nothing needs."""
        for excuse in self.excuses:
            if excuse.name not in self.needed:
                yield Finding("stale", excuse.name, "excuses nothing; take it out")

    def _note(self, grant: _Grant, kind: str, problem: str) -> bool:
        return self.note(kind, grant.statement.principal, grant.action, grant.resource, problem)

    def note(
        self, kind: str, principal: Principal, action: str, resource: str, problem: str
    ) -> bool:
        """Note what is wrong. Returns whether it is excused."""
        for excuse in self.excuses:
            if excuse.covers(kind, str(principal), action, resource):
                self.needed.add(excuse.name)
                return True
        self.findings.append(Finding(kind, str(principal), problem))
        return False
