"""YAML as plain data with places: what a safe load gives, without what a file needs none of.

Beyond a safe load: no timestamps (they stay text), keys are the text that is written, a key that
is there twice is a slip, and so is a number that is none.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml import events, nodes

from tradewind.workflow.spec.places import Budget, Mark, Places, Unreadable
from tradewind.workflow.spec.problem import quoted

_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_TAG}merge"
#: What a safe load makes more of than text, and nothing here needs to be.
_TEXTS: Final = (_MERGE, f"{_TAG}timestamp", f"{_TAG}value", f"{_TAG}yaml")


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun.

    ``key`` is the key that waits for its value; ``merges`` are the mappings that it takes over.
    """

    value: dict[str, Any] | list[Any]
    places: Places
    anchor: str | None
    spent: int
    key: str | None = None
    merging: bool = False
    merges: list["_Anchored"] = field(default_factory=list)
    deepest: int = 0


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Any
    places: Places | Mark
    size: int
    depth: int


def read_yaml(text: str) -> tuple[Any, Places | Mark, list[tuple[Mark, str]]]:
    """Read a text of one document.

    Returns:
        What it says, where, and its slips.

    Raises:
        Unreadable: It is not YAML, not one document, or too much.
    """
    try:
        return _Composer(text).compose()
    except yaml.MarkedYAMLError as broken:
        reason = " ".join(filter(None, (broken.context, broken.problem)))
        at = broken.problem_mark or broken.context_mark
        raise Unreadable(f"is not valid YAML: {reason}", _mark(at) if at else None) from None
    except yaml.reader.ReaderError as broken:
        before = text[: broken.position]
        mark = Mark(before.count("\n") + 1, broken.position - before.rfind("\n"))
        raise Unreadable(f"is not valid YAML: {broken.reason}", mark) from None


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _events(loader: yaml.CSafeLoader) -> Iterator[events.Event]:
    try:
        while (event := loader.get_event()) is not None:
            yield event
    finally:
        loader.dispose()


class _Composer:
    """Builds the value of one text from its events."""

    def __init__(self, text: str) -> None:
        self._loader = yaml.CSafeLoader(text)
        self._builders: Mapping[str, Callable[[nodes.ScalarNode], Any]] = {
            "null": lambda _node: None,
            "bool": self._loader.construct_yaml_bool,
            "int": self._loader.construct_yaml_int,
            "float": self._loader.construct_yaml_float,
        }
        self._budget = Budget()
        self._anchors: dict[str, _Anchored] = {}
        self._open: list[_Open] = []
        self._slips: list[tuple[Mark, str]] = []
        self._result: tuple[Any, Places | Mark] = (None, Mark(1, 1))

    def compose(self) -> tuple[Any, Places | Mark, list[tuple[Mark, str]]]:
        documents = 0
        for event in _events(self._loader):
            mark = _mark(event.start_mark)
            match event:
                case events.ScalarEvent():
                    self._scalar(event, mark)
                case events.AliasEvent():
                    self._alias(event, mark)
                case events.CollectionStartEvent():
                    self._begin(event, mark)
                case events.CollectionEndEvent():
                    self._end()
                case events.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise Unreadable("has more than one document", mark)
        return *self._result, self._slips

    def _begin(self, event: Any, mark: Mark) -> None:
        is_mapping = isinstance(event, events.MappingStartEvent)
        kind = "map" if is_mapping else "seq"
        if event.tag not in (None, "!", f"{_TAG}{kind}"):
            raise Unreadable(f"has the tag {quoted(event.tag)}, which is not allowed", mark)
        if self._wants_key():
            raise Unreadable("has a key that is no text", mark)
        self._budget.spend(1, mark)
        self._budget.enter(len(self._open) + 1, mark)
        value: dict[str, Any] | list[Any] = {} if is_mapping else []
        self._open.append(_Open(value, Places(mark), event.anchor, self._budget.spent))

    def _end(self) -> None:
        done = self._open.pop()
        if done.merges and isinstance(done.value, dict):
            _merge(done.value, done.places, done.merges)
        depth = done.deepest + 1
        size = self._budget.spent - done.spent + 1
        self._keep(done.anchor, _Anchored(done.value, done.places, size, depth))

    def _scalar(self, event: Any, mark: Mark) -> None:
        if self._wants_key():
            self._take_key(event, mark)
            return
        self._budget.spend(1, mark)
        self._keep(event.anchor, _Anchored(self._value_of(event, mark), mark, 1, 0))

    def _alias(self, event: Any, mark: Mark) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            alias = quoted(f"*{event.anchor}")
            raise Unreadable(f"has the alias {alias}, which stands for nothing yet", mark)
        if self._wants_key():
            if not isinstance(known.value, str):
                raise Unreadable("has a key that is no text", mark)
            self._note_key(known.value, mark)
            return
        self._budget.spend(known.size, mark)
        self._budget.enter(len(self._open) + known.depth, mark)
        self._keep(None, known)

    def _wants_key(self) -> bool:
        if not self._open or not isinstance(self._open[-1].value, dict):
            return False
        return self._open[-1].key is None and not self._open[-1].merging

    def _take_key(self, event: Any, mark: Mark) -> None:
        plain = event.implicit[0] and event.tag is None
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(event.value, mark, 1, 0)
        if plain and self._resolved(event.value) == _MERGE:
            self._open[-1].merging = True
        else:
            self._note_key(event.value, mark)

    def _note_key(self, key: str, mark: Mark) -> None:
        here = self._open[-1]
        here.key = key
        first = here.places.keys.setdefault(key, mark)
        if first is not mark:
            slip = f"has the key {quoted(key)} twice; the first is in line {first.line}"
            self._slips.append((mark, slip))

    def _keep(self, anchor: str | None, kept: _Anchored) -> None:
        """Put a value where it belongs."""
        if anchor:
            self._anchors[anchor] = kept
        if not self._open:
            self._result = (kept.value, kept.places)
            return
        here = self._open[-1]
        here.deepest = max(here.deepest, kept.depth)
        if here.merging:
            here.merging = False
            here.merges += self._merged(kept)
        elif isinstance(here.value, list):
            here.places.within[len(here.value)] = kept.places
            here.value.append(kept.value)
        elif here.key is not None:
            here.places.within[here.key] = kept.places
            here.value[here.key] = kept.value
            here.key = None

    def _merged(self, kept: _Anchored) -> list[_Anchored]:
        mark = kept.places.mark if isinstance(kept.places, Places) else kept.places
        several = isinstance(kept.value, list)
        found = (
            [_Anchored(one, kept.places.within[at], 0, 0) for at, one in enumerate(kept.value)]
            if several and isinstance(kept.places, Places)
            else [kept]
        )
        if not all(isinstance(one.value, dict) for one in found):
            raise Unreadable("has a `<<` that is neither a mapping nor a list of them", mark)
        return found

    def _resolved(self, plain: str) -> str:
        """The tag of a text without quotes."""
        tag: str = self._loader.resolve(nodes.ScalarNode, plain, (True, False))  # type: ignore[no-untyped-call]
        return tag

    def _value_of(self, event: Any, mark: Mark) -> Any:
        tag = event.tag
        if tag is None and event.implicit[0]:
            tag = self._resolved(event.value)
            if tag in _TEXTS:
                tag = None
        if tag in (None, "!", f"{_TAG}str"):
            return event.value
        build = self._builders.get(tag.removeprefix(_TAG))
        if build is None:
            raise Unreadable(f"has the tag {quoted(tag)}, which is not allowed", mark)
        try:
            value = build(nodes.ScalarNode(tag, event.value))
            if not isinstance(value, float) or math.isfinite(value):
                return value
        except (ValueError, KeyError, IndexError, OverflowError):
            pass
        self._slips.append((mark, f"has {quoted(event.value)}, which is no number or too large"))
        return 1


def _merge(value: dict[str, Any], places: Places, merges: list[_Anchored]) -> None:
    """Take over what a mapping does not say itself; of several, the first that says it."""
    own, own_keys, own_within = dict(value), dict(places.keys), dict(places.within)
    value.clear()
    for merged in reversed(merges):
        value |= merged.value
        if isinstance(merged.places, Places):
            places.keys |= merged.places.keys
            places.within |= merged.places.within
    value |= own
    places.keys |= own_keys
    places.within |= own_within
