"""Conditions of statements, for a call: the operators that templates here use, and no others.

As IAM's reference has it ("IAM JSON policy elements: Condition operators", "Multivalued context
keys"): all operators and all their keys have to hold, one of a key's values is enough, and a key
that the call does not have holds for nothing but ``Null``, ``...IfExists`` and ``ForAllValues``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from devtools.permissions.errors import PermissionsError
from devtools.permissions.patterns import matches

Context = Mapping[str, str | list[str]]
#: Operator, key and values.
Condition = tuple[str, str, tuple[str, ...]]

_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "stringequals": lambda actual, wanted: actual == wanted,
    "stringlike": lambda actual, wanted: matches(wanted, actual),
    "arnequals": lambda actual, wanted: matches(wanted, actual),
    "arnlike": lambda actual, wanted: matches(wanted, actual),
    "bool": lambda actual, wanted: actual.lower() == wanted.lower(),
}
_FOR_ALL: Final = "forallvalues:"
_FOR_ANY: Final = "foranyvalue:"
_IF_EXISTS: Final = "ifexists"


def all_hold(conditions: tuple[Condition, ...], context: Context) -> bool:
    """Whether a call with this context meets all conditions."""
    return all(holds(condition, context) for condition in conditions)


def holds(condition: Condition, context: Context) -> bool:
    """Whether a call with this context meets a condition.

    Raises:
        PermissionsError: Its operator is not known here.
    """
    operator, key, values = condition
    actual: Any = context.get(key.lower())
    name = operator.lower()
    if name == "null":
        return (actual is None) == (values[0].lower() == "true")
    if_exists = name.endswith(_IF_EXISTS)
    name = name.removesuffix(_IF_EXISTS)
    for_all = name.startswith(_FOR_ALL)
    name = name.removeprefix(_FOR_ALL).removeprefix(_FOR_ANY)
    compare = _OPERATORS.get(name)
    if compare is None:
        raise PermissionsError(
            f"the condition operator {operator} is not known here; add it to {__name__}"
        )
    if actual is None:
        return if_exists or for_all
    fits = [
        any(compare(one, wanted) for wanted in values)
        for one in (actual if isinstance(actual, list) else [actual])
    ]
    return all(fits) if for_all else any(fits)
