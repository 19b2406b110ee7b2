"""Which route serves a request, and what a route promises."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tradewind.api.door import Door
from tradewind.api.errors import MethodNotAllowed, NotFound
from tradewind.api.http import Answer, Request
from tradewind.contracts.errors import InvalidRequest, TradewindError

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
#: Characters of a name that are repeated.
_LONGEST_NAME: Final = 64


@dataclass(frozen=True)
class Header:
    """A request header that a route reads.

    Attributes:
        name: As it is written.
        description: What it does.
        schema: What it may be, as JSON Schema.
    """

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes:
        method: In capitals.
        path: With its parameters in braces.
        name: The operation's, for clients that are generated.
        summary: What it does, in a line.
        serve: Does it.
        answers: By status, the name of the model in ``api.models`` whose document the answer is;
            None for none.
        body: Likewise what the request's body has to be; None where there is none.
        parameters: Of the path, by name: their patterns.
        query: Names of query parameters, with their JSON Schemas.
        headers: That it reads.
        problems: What may go wrong, beyond what may everywhere.
        described: Whether the API's document has it.
    """

    method: str
    path: str
    name: str
    summary: str
    serve: Callable[[Door, Request], Answer]
    answers: Mapping[int, str | None]
    body: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Sequence[Header] = ()
    problems: Sequence[type[TradewindError]] = ()
    described: bool = True

    def __post_init__(self) -> None:
        if set(_PARAMETER.findall(self.path)) != set(self.parameters):
            raise ValueError(f"{self.path} has other parameters than {sorted(self.parameters)}")

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters in ``path``; None where it is another path."""
        found = re.fullmatch(_PARAMETER.sub(r"(?P<\1>[^/]+)", self.path), path)
        return found and found.groupdict()


def find_route(routes: Sequence[Route], request: Request) -> tuple[Route, Request]:
    """Find what serves a request.

    Returns:
        The route, and the request with the parameters of its path.

    Raises:
        NotFound: There is no such path, or a parameter in it is none that there could be.
        MethodNotAllowed: The path has other methods.
        InvalidRequest: A query parameter is unknown, or there twice.
    """
    matching = [(route, found) for route in routes if (found := route.match(request.path))]
    matching += [(route, {}) for route in routes if route.path == request.path]
    if not matching:
        raise NotFound("There is no such path.")
    for route, found in matching:
        if route.method != request.method:
            continue
        for name, value in found.items():
            if re.fullmatch(route.parameters[name].strip("^$"), value) is None:
                raise NotFound(f"There is no such {name}.")
        for name, values in request.query.items():
            shown = name[:_LONGEST_NAME]
            if name not in route.query:
                raise InvalidRequest(f"{shown}: There is no such query parameter.", field=shown)
            if len(values) != 1:
                raise InvalidRequest(f"{shown}: It is there more than once.", field=shown)
        return route, replace(request, parameters=found)
    raise MethodNotAllowed(tuple(sorted({route.method for route, _ in matching})))
