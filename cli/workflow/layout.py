"""Where the steps of a plan stand in its picture: in layers, each after those it follows.

Ways back (a loop's) are set aside, the rest is put into layers by its longest way from the start,
ways over several layers get a place in each, and each layer is put in the order that crosses the
fewest ways: by the middle of a step's neighbours, up and down a few times.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

#: Times that the layers are put in order, down and up.
_SWEEPS: Final = 8
#: A step, or a place that a way keeps free in a layer that it crosses.
Spot = str | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Layers and what is in them.

    Attributes:
        layers: The spots of each, in order.
        across: Each spot's place in its layer's direction; neighbours are at least 1 apart.
        routes: For each way, the spots that it goes through, from its source to its target.
        back: The numbers of the ways that lead back.
    """

    layers: list[list[Spot]]
    across: dict[Spot, float]
    routes: list[list[Spot]]
    back: set[int]


def laid_out(steps: Sequence[str], ways: Sequence[tuple[str, str]]) -> Layout:
    """Give each step a place.

    Args:
        steps: Names, in the order that breaks ties.
        ways: From which step to which.
    """
    back = _ways_back(steps, ways)
    depth = _depths(steps, [way for number, way in enumerate(ways) if number not in back])
    layers: list[list[Spot]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for step in steps:
        layers[depth[step]].append(step)
    routes: list[list[Spot]] = []
    neighbours: list[tuple[Spot, Spot]] = []
    for number, (source, target) in enumerate(ways):
        route: list[Spot] = [source]
        if number not in back:
            for layer in range(depth[source] + 1, depth[target]):
                spot = (number, layer)
                layers[layer].append(spot)
                route.append(spot)
        route.append(target)
        routes.append(route)
        if number not in back:
            neighbours += pairwise(route)
    above: dict[Spot, list[Spot]] = {}
    below: dict[Spot, list[Spot]] = {}
    for upper, lower in neighbours:
        above.setdefault(lower, []).append(upper)
        below.setdefault(upper, []).append(lower)
    _put_in_order(layers, above, below)
    return Layout(layers, _places(layers, above, below), routes, back)


def _ways_back(steps: Sequence[str], ways: Sequence[tuple[str, str]]) -> set[int]:
    """The ways without which there is no circle: those to a step that is being followed."""
    leaving: dict[str, list[int]] = {step: [] for step in steps}
    for number, (source, _) in enumerate(ways):
        leaving[source].append(number)
    back: set[int] = set()
    done: set[str] = set()
    for start in steps:
        if start in done:
            continue
        trail = {start}
        stack = [(start, iter(leaving[start]))]
        while stack:
            step, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(step)
                trail.discard(step)
                stack.pop()
                continue
            target = ways[following][1]
            if target in trail:
                back.add(following)
            elif target not in done:
                trail.add(target)
                stack.append((target, iter(leaving[target])))
    return back


def _depths(steps: Sequence[str], ways: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest way to each step, without circles."""
    after: dict[str, list[str]] = {step: [] for step in steps}
    open_ways = dict.fromkeys(steps, 0)
    for source, target in ways:
        after[source].append(target)
        open_ways[target] += 1
    depth = dict.fromkeys(steps, 0)
    ready = [step for step in steps if not open_ways[step]]
    while ready:
        step = ready.pop()
        for target in after[step]:
            depth[target] = max(depth[target], depth[step] + 1)
            open_ways[target] -= 1
            if not open_ways[target]:
                ready.append(target)
    return depth


_Neighbours = Mapping[Spot, Sequence[Spot]]


def _put_in_order(layers: list[list[Spot]], above: _Neighbours, below: _Neighbours) -> None:
    best = [list(layer) for layer in layers]
    fewest = _crossings(best, below)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        known = above if down else below
        order = layers[1:] if down else layers[-2::-1]
        previous = layers[0] if down else layers[-1]
        for layer in order:
            at = {spot: number for number, spot in enumerate(previous)}
            own = {spot: number for number, spot in enumerate(layer)}
            layer.sort(key=lambda spot: (_middle(known.get(spot, ()), at, own[spot]), own[spot]))
            previous = layer
        crossings = _crossings(layers, below)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    layers[:] = best


def _middle(spots: Iterable[Spot], at: Mapping[Spot, float], alone: float) -> float:
    places = [at[spot] for spot in spots if spot in at]
    return median(places) if places else alone


def _crossings(layers: Sequence[Sequence[Spot]], below: _Neighbours) -> int:
    total = 0
    for upper, lower in pairwise(layers):
        at = {spot: number for number, spot in enumerate(lower)}
        passed: list[int] = []
        for spot in upper:
            ends = sorted(at[end] for end in below.get(spot, ()))
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return total


def _places(
    layers: Sequence[Sequence[Spot]], above: _Neighbours, below: _Neighbours
) -> dict[Spot, float]:
    """Places near the middle of a spot's neighbours, never closer than 1 to the next."""
    widest = max(map(len, layers), default=0)
    across: dict[Spot, float] = {}
    for layer in layers:
        across |= {spot: n + (widest - len(layer)) / 2 for n, spot in enumerate(layer)}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        known = above if down else below
        for layer in layers if down else reversed(layers):
            wanted = [_middle(known.get(spot, ()), across, across[spot]) for spot in layer]
            for spot, place in zip(layer, _apart(wanted), strict=True):
                across[spot] = place
    first = min(across.values(), default=0.0)
    return {spot: place - first for spot, place in across.items()}


def _apart(wanted: Sequence[float]) -> list[float]:
    """The places closest to those wanted, in their order and at least 1 apart.

    Those that are too close become a block around the mean of what its members want.
    """
    blocks: list[tuple[float, int]] = []
    for number, place in enumerate(wanted):
        # Less its own number, a member of a block wants the block's beginning.
        total, size = place - number, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / size:
            before, count = blocks.pop()
            total, size = total + before, size + count
        blocks.append((total, size))
    places: list[float] = []
    for total, size in blocks:
        places += [total / size + len(places) + offset for offset in range(size)]
    return places
