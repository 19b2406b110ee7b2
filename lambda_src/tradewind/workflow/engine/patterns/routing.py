"""One of several chains, chosen by an agent, and perhaps confirmed by a person."""

import json
from collections.abc import Collection

from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.patterns.steps import run_steps
from tradewind.workflow.engine.run import NEUTRAL_REQUEST, Run
from tradewind.workflow.spec.patterns import RoutingConfig
from tradewind.workflow.text.json_replies import Choice, find_choice

_APPROVED = "approved"
_ROUTE = "route:"


async def run_routing(run: Run, config: RoutingConfig) -> Outcome:
    """Choose a route and run it."""
    names = run.names()
    choice, response = await _chosen(run, config)
    route = choice.route
    # The reply's own keys first: none of them can hide what the run says.
    names["router"] = {**choice.reply, "chosen_route": route, "response": response}
    names["router_response"] = names["last_response"] = response
    review = config.router.review_router
    if review is not None:
        choices = (_APPROVED, *(f"{_ROUTE}{name}" for name in config.routes))
        answer = run.person("router/review", review, names, choices=choices)["response"]
        names["hitl_response"] = answer
        route = _reviewed(run, answer, route, config.routes)
        names["router"]["chosen_route"] = route
    names["chosen_route"] = route
    names["router_agent"] = config.router.agent
    # A route's name may be any text, and a key is a path.
    key = f"routes/{route.replace('%', '%25').replace('/', '%2F')}"
    with run.part(key):
        records = await run_steps(run, key, config.routes[route].then, names)
    return Outcome(records[-1]["response"], names)


async def _chosen(run: Run, config: RoutingConfig) -> tuple[Choice, str]:
    router = config.router
    form = (
        "\n\nReply with a JSON object and nothing else: "
        '{"route": "<name>"}. The names are: '
        f"{', '.join(json.dumps(name, ensure_ascii=False) for name in config.routes)}."
    )
    more = form
    for attempt in range(router.max_retries + 1):
        done = await run.agent(
            f"router/{attempt}",
            router.agent,
            router.input,
            run.names(),
            text=NEUTRAL_REQUEST,
            more=more,
        )
        choice = find_choice(done["response"], config.routes)
        if choice is None:
            more = f"{form}\n\nYour last reply was no such object. Reply with the JSON object only."
            continue
        if choice.route not in config.routes:
            known = ", ".join(config.routes)
            raise run.failed(
                f"the router chose {choice.route!r}, and the routes are: {known}", unusable="router"
            )
        return choice, done["response"]
    raise run.failed(
        f"the router chose no route in {router.max_retries + 1} replies", unusable="router"
    )


def _reviewed(run: Run, answer: str, route: str, routes: Collection[str]) -> str:
    if answer == _APPROVED:
        return route
    named = answer.removeprefix(_ROUTE)
    if answer.startswith(_ROUTE) and named in routes:
        return named
    # Only a default, or nobody's answer, can be neither.
    raise run.failed(f"the review of the route ended with {answer!r}, which is no choice")
