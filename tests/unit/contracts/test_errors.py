"""The error tree is drawn as it is, and its codes are unambiguous."""

import re
from collections.abc import Iterator

from tradewind.contracts import errors
from tradewind.contracts.errors import TradewindError


def leaves(cls: type[TradewindError]) -> Iterator[type[TradewindError]]:
    # A domain may refine a leaf of the tree; it keeps the leaf's code and status.
    subclasses = [one for one in cls.__subclasses__() if one.__module__ == errors.__name__]
    if not subclasses:
        yield cls
    for subclass in subclasses:
        yield from leaves(subclass)


def test_each_leaf_has_a_code_of_its_own() -> None:
    codes = [leaf.code for leaf in leaves(TradewindError)]
    assert len(codes) == len(set(codes))


def test_the_drawn_tree_names_every_leaf_with_its_status_and_code() -> None:
    drawn = {
        (name, int(status), code)
        for name, status, code in re.findall(
            r"\+-- (\w+) +(\d{3}) +([A-Z_]+)$", errors.__doc__ or "", re.MULTILINE
        )
    }
    assert drawn == {(leaf.__name__, leaf.status, leaf.code) for leaf in leaves(TradewindError)}


def test_what_the_caller_must_mend_is_answered_and_what_we_must_is_not() -> None:
    for leaf in leaves(TradewindError):
        callers = leaf.status in {400, 402, 404, 409} or leaf in {
            errors.DeadlineExceeded,
            errors.NotAnswered,
            *leaves(errors.WorkflowError),
        }
        assert leaf.answered == callers, leaf


def test_causes_are_told_the_outermost_first_and_a_circle_ends() -> None:
    first, second = KeyError("first"), ValueError("second")
    second.__cause__ = first
    assert list(errors.causes_of(second)) == [second, first]
    first.__cause__ = second
    assert list(errors.causes_of(second)) == [second, first]
