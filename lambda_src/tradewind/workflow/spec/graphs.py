"""Ways from one name to others, and whether they lead in a circle; without recursion."""

from collections.abc import Mapping, Sequence


def circle(ways: Mapping[str, Sequence[str]]) -> list[str]:
    """The names of a circle, in its order; empty where there is none.

    Args:
        ways: What each name leads to; names that lead nowhere may be missing.
    """
    done: set[str] = set()
    for start in ways:
        trail: dict[str, int] = {start: 0}
        path = [start]
        open_ways = [iter(ways[start])]
        if start in done:
            continue
        while open_ways:
            following = next(open_ways[-1], None)
            if following is None:
                done.add(path[-1])
                del trail[path.pop()]
                open_ways.pop()
            elif following in trail:
                return path[trail[following] :]
            elif following in ways and following not in done:
                trail[following] = len(path)
                path.append(following)
                open_ways.append(iter(ways[following]))
    return []


def reached(start: str, ways: Mapping[str, Sequence[str]]) -> set[str]:
    """What ``start`` leads to, itself included."""
    found = {start}
    waiting = [start]
    while waiting:
        for following in ways.get(waiting.pop(), ()):
            if following not in found:
                found.add(following)
                waiting.append(following)
    return found
