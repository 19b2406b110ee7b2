"""What a file's schema cannot say, because it takes more than one place to see.

Everything is read from the file's data, so that it is found whatever else is wrong.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from tradewind.workflow.spec.addresses import fault_of_public_url, fault_of_url
from tradewind.workflow.spec.graphs import circle, reached
from tradewind.workflow.spec.patterns import SHORT_SCALE
from tradewind.workflow.spec.problem import Finding, Path, Severity, closest, quoted, shown
from tradewind.workflow.spec.tools import GROUPS, NATIVE_TOOLS, SKILL_TOOL, is_native
from tradewind.workflow.spec.units import CONFIG, dependencies, listed, mapping, units

_SUPPORTED_SECRETS: Final = "env"


def check(data: Mapping[str, Any], named: Collection[str] = frozenset()) -> Iterator[Finding]:
    """All mistakes but those of the schema and of the texts.

    Args:
        data: The file's.
        named: The agents that may be asked by name.
    """
    yield from _agents(data, named)
    yield from _asked_by_name(data, named)
    yield from _ids(data)
    yield from _dependencies(data)
    yield from _edges(data)
    yield from _runtime(data)
    yield from _addresses(data)
    yield from _tools(data)
    yield from _unsupported(data)
    yield from _short_score(data)


def _config(data: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The configuration, where the pattern is of this type."""
    pattern = mapping(data.get("pattern"))
    return mapping(pattern.get("config")) if pattern.get("type") == kind else {}


def agents_asked(data: Mapping[str, Any]) -> frozenset[str]:
    """The agents that steps ask and the file does not declare."""
    own = mapping(data.get("agents"))
    return frozenset(name for _, name in _asked(data) if name not in own)


def _asked(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for unit in units(data):
        if isinstance(name := unit.step.get("agent"), str):
            yield (*unit.path, "agent"), name
    if isinstance(name := _config(data, "evaluator_optimizer").get("producer"), str):
        yield (*CONFIG, "producer"), name


def _agents(data: Mapping[str, Any], named: Collection[str]) -> Iterator[Finding]:
    own = mapping(data.get("agents"))
    known = dict.fromkeys([*own, *sorted(named)])
    used = list(_asked(data))
    for path, name in used:
        if name not in known:
            told = f"there is no agent {quoted(name)}{closest(name, known)}"
            yield Finding(Severity.ERROR, path, told, tuple(known))
    if data.get("agents") == {} and not named:
        yield Finding(Severity.ERROR, ("agents",), "needs at least 1 agent")
    names = {name for _, name in used}
    # Where the pattern is not to be read, nobody knows who is used.
    for name in own if names else ():
        if name not in names:
            yield Finding(Severity.WARNING, ("agents", name), "is used by no step", at_key=True)


def _asked_by_name(data: Mapping[str, Any], named: Collection[str]) -> Iterator[Finding]:
    """What a file says of agents that are not its own, and cannot have an effect."""
    own = mapping(data.get("agents"))
    for unit in units(data):
        name = unit.step.get("agent")
        if not isinstance(name, str) or name in own or name not in named:
            continue
        for key in ("tool_overrides", "tools"):
            if key in unit.step:
                told = f"{quoted(name)} is asked by its name, and has the tools that it has"
                yield Finding(Severity.ERROR, (*unit.path, key), told)
    producer = _config(data, "evaluator_optimizer").get("producer")
    if isinstance(producer, str) and producer not in own and producer in named:
        told = f"the first thing a producer is asked is its prompt, and {quoted(producer)}, "
        told += "asked by its name, has none here"
        yield Finding(Severity.ERROR, (*CONFIG, "producer"), told)


def _ids(data: Mapping[str, Any]) -> Iterator[Finding]:
    tools = mapping(data.get("tools"))
    lists: list[tuple[Path, Any, str]] = [
        ((*CONFIG, "tasks"), _config(data, "workflow").get("tasks"), "id"),
        ((*CONFIG, "branches"), _config(data, "parallel").get("branches"), "id"),
        (("tools", "http_executors"), tools.get("http_executors"), "id"),
        (("tools", "mcp"), tools.get("mcp"), "id"),
        (("skills",), data.get("skills"), "id"),
        (("env", "secrets"), mapping(data.get("env")).get("secrets"), "key"),
    ]
    for path, entries, key in lists:
        first: dict[str, int] = {}
        for position, entry in enumerate(listed(entries)):
            name = mapping(entry).get(key)
            if isinstance(name, str) and first.setdefault(name, position) != position:
                told = f"{quoted(name)} is there already, as entry {first[name] + 1}"
                yield Finding(Severity.ERROR, (*path, position, key), told)
    yield from _names_of_both_kinds(tools)


def _ids_of(entries: Any) -> set[str]:
    """The ids that entries have, those alone that are text."""
    ids = [mapping(one).get("id") for one in listed(entries)]
    return {one for one in ids if isinstance(one, str)}


def _names_of_both_kinds(tools: Mapping[str, Any]) -> Iterator[Finding]:
    executors = _ids_of(tools.get("http_executors"))
    for position, server in enumerate(listed(tools.get("mcp"))):
        name = mapping(server).get("id")
        if isinstance(name, str) and name in executors:
            told = f"{quoted(name)} is an HTTP executor already"
            yield Finding(Severity.ERROR, ("tools", "mcp", position, "id"), told)


def _dependencies(data: Mapping[str, Any]) -> Iterator[Finding]:
    tasks = listed(_config(data, "workflow").get("tasks"))
    ways: dict[str, Sequence[str]] = {}
    places: dict[str, Path] = {}
    for position, task in enumerate(tasks):
        name = mapping(task).get("id")
        if isinstance(name, str):
            key = "depends_on" if "depends_on" in task else "deps"
            places.setdefault(name, (*CONFIG, "tasks", position, key))
            ways.setdefault(name, dependencies(task))
    for name, waits_for in ways.items():
        for dependency in waits_for:
            if dependency not in ways:
                told = f"there is no task {quoted(dependency)}{closest(dependency, ways)}"
                path = (*places[name], waits_for.index(dependency))
                yield Finding(Severity.ERROR, path, told, tuple(ways))
    found = circle(ways)
    if found:
        told = f"waits for itself: {_arrows([*found, found[0]])}"
        yield Finding(Severity.ERROR, places[found[0]], told)


def _arrows(names: Sequence[str]) -> str:
    most = 12
    if len(names) > most:
        names = [*names[: most - 2], "...", names[-1]]
    return " -> ".join(map(shown, names))


def _edges(data: Mapping[str, Any]) -> Iterator[Finding]:
    config = _config(data, "graph")
    nodes = mapping(config.get("nodes"))
    ways: dict[str, list[str]] = {name: [] for name in nodes}
    seen: Counter[str] = Counter()
    for position, edge in enumerate(listed(config.get("edges"))):
        path = (*CONFIG, "edges", position)
        source = mapping(edge).get("from")
        ends = list(_ends(path, mapping(edge)))
        for where, name in [((*path, "from"), source), *ends]:
            if isinstance(name, str) and name not in nodes:
                told = f"there is no node {quoted(name)}{closest(name, nodes)}"
                yield Finding(Severity.ERROR, where, told, tuple(nodes))
        if isinstance(source, str) and source in nodes:
            seen[source] += 1
            ways[source] += [end for _, end in ends if isinstance(end, str) and end in nodes]
            if seen[source] == 2:  # noqa: PLR2004  the second is told of, once
                told = f"is not followed: an edge from {quoted(source)} comes before it"
                yield Finding(Severity.WARNING, path, told)
        if len(listed(mapping(edge).get("to"))) > 1:
            told = "only the first of these is followed; to choose among them, use `choose`"
            yield Finding(Severity.WARNING, (*path, "to"), told)
    if not nodes or not isinstance(config.get("edges"), list):
        return
    if all(seen[name] for name in nodes):
        told = "no node is the last: each has an edge that leaves it"
        yield Finding(Severity.ERROR, (*CONFIG, "nodes"), told)
    entry = next(iter(nodes))
    for name in nodes.keys() - reached(entry, ways):
        told = f"no way leads here from {quoted(entry)}, where the graph begins"
        yield Finding(Severity.ERROR, (*CONFIG, "nodes", name), told, at_key=True)


def _ends(path: Path, edge: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    to = edge.get("to")
    if isinstance(to, str):
        yield (*path, "to"), to
    for position, end in enumerate(listed(to)):
        yield (*path, "to", position), end
    for position, choice in enumerate(listed(edge.get("choose"))):
        yield (*path, "choose", position, "to"), mapping(choice).get("to")


def _runtime(data: Mapping[str, Any]) -> Iterator[Finding]:
    runtime = mapping(data.get("runtime"))
    needs = {"bedrock": "region", "ollama": "host"}
    key = needs.get(str(runtime.get("provider")))
    if key is not None and key not in runtime:
        told = f"`{key}` is missing; {runtime['provider']} needs it"
        yield Finding(Severity.ERROR, ("runtime",), told)
    host = runtime.get("host")
    if isinstance(host, str) and (fault := fault_of_url(host)):
        yield Finding(Severity.ERROR, ("runtime", "host"), f"{fault}, not {quoted(host)}")
    for name, agent in mapping(data.get("agents")).items():
        other = needs.get(str(mapping(agent).get("provider")))
        if other is not None and other not in runtime and other != key:
            told = f"needs `{other}` in `runtime`, and there is none"
            yield Finding(Severity.WARNING, ("agents", name, "provider"), told)
        if "model_id" not in runtime and "model_id" not in mapping(agent):
            told = "names no model, and `runtime` has no `model_id`"
            yield Finding(Severity.WARNING, ("agents", name), told, at_key=True)


def _addresses(data: Mapping[str, Any]) -> Iterator[Finding]:
    tools = mapping(data.get("tools"))
    for position, executor in enumerate(listed(tools.get("http_executors"))):
        url = mapping(executor).get("base_url")
        if isinstance(url, str) and (fault := fault_of_public_url(url)):
            path = ("tools", "http_executors", position, "base_url")
            yield Finding(Severity.ERROR, path, fault)
    for position, server in enumerate(listed(tools.get("mcp"))):
        at: Path = ("tools", "mcp", position)
        url = mapping(server).get("url")
        if isinstance(url, str) and (fault := fault_of_url(url)):
            yield Finding(Severity.ERROR, (*at, "url"), fault)
        idle = ("args", "env") if url is not None else ("headers",)
        for key in idle:
            if key in mapping(server):
                told = f"is not used with `{'url' if url is not None else 'command'}`"
                yield Finding(Severity.WARNING, (*at, key), told, at_key=True)
    otel = mapping(mapping(data.get("telemetry")).get("otel"))
    endpoint = otel.get("endpoint")
    if isinstance(endpoint, str) and (fault := fault_of_url(endpoint)):
        yield Finding(Severity.ERROR, ("telemetry", "otel", "endpoint"), fault)


def _tools(data: Mapping[str, Any]) -> Iterator[Finding]:
    tools = mapping(data.get("tools"))
    servers = _ids_of(tools.get("mcp"))
    callables = {name for _, name in _callables(data) if isinstance(name, str)}
    declared = callables | _ids_of(tools.get("http_executors")) | servers
    known = NATIVE_TOOLS | GROUPS | {SKILL_TOOL} | declared
    lists: list[tuple[Path, Any]] = [
        (("agents", name, "tools"), mapping(agent).get("tools"))
        for name, agent in mapping(data.get("agents")).items()
    ]
    for unit in units(data):
        for key in ("tool_overrides", "tools"):
            lists.append(((*unit.path, key), unit.step.get(key)))
    guardrails = mapping(mapping(data.get("security")).get("guardrails"))
    lists.append((("security", "guardrails", "allow_tools"), guardrails.get("allow_tools")))
    for path, names in lists:
        for position, name in enumerate(listed(names)):
            if isinstance(name, str) and name not in known and not is_native(name):
                told = f"there is no tool {quoted(name)}{closest(name, known)}"
                yield Finding(Severity.WARNING, (*path, position), told)
    retrieval = mapping(mapping(data.get("context_policy")).get("retrieval"))
    for position, name in enumerate(listed(retrieval.get("mcp_servers"))):
        if isinstance(name, str) and name not in servers:
            path = ("context_policy", "retrieval", "mcp_servers", position)
            yield Finding(Severity.WARNING, path, f"there is no MCP server {quoted(name)}")


def _callables(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for position, tool in enumerate(listed(mapping(data.get("tools")).get("python"))):
        name = tool if isinstance(tool, str) else mapping(tool).get("callable")
        if isinstance(name, str):
            yield ("tools", "python", position), name


def _unsupported(data: Mapping[str, Any]) -> Iterator[Finding]:
    providers: list[tuple[Path, Any]] = [
        (("runtime", "provider"), mapping(data.get("runtime")).get("provider"))
    ]
    providers += [
        (("agents", name, "provider"), mapping(agent).get("provider"))
        for name, agent in mapping(data.get("agents")).items()
    ]
    for path, provider in providers:
        if provider == "azure_openai":
            told = "'azure_openai' is reserved, and there is no way to it yet"
            yield Finding(Severity.UNSUPPORTED, path, told)
    if mapping(data.get("env")).get("mounts"):
        told = "nothing is mounted: files are those of the workflow's folder"
        yield Finding(Severity.WARNING, ("env", "mounts"), told, at_key=True)
    for position, secret in enumerate(listed(mapping(data.get("env")).get("secrets"))):
        source = mapping(secret).get("source")
        if source in ("secrets_manager", "ssm", "file"):
            told = f"secrets come from {_SUPPORTED_SECRETS!r} only, not from {quoted(source)}"
            yield Finding(Severity.UNSUPPORTED, ("env", "secrets", position, "source"), told)
    for path, name in _callables(data):
        if not is_native(name):
            told = f"{quoted(name)} is none of the tools that there are, and is never imported"
            told += closest(name.rpartition(".")[2], NATIVE_TOOLS)
            yield Finding(Severity.UNSUPPORTED, path, told, tuple(sorted(NATIVE_TOOLS)))
    limits = mapping(
        mapping(_config(data, "orchestrator_workers").get("orchestrator")).get("limits")
    )
    rounds = limits.get("max_rounds")
    if isinstance(rounds, int) and rounds > 1:
        path = (*CONFIG, "orchestrator", "limits", "max_rounds")
        yield Finding(Severity.UNSUPPORTED, path, f"there is one round, not {rounds}")


def _short_score(data: Mapping[str, Any]) -> Iterator[Finding]:
    score = _config(data, "evaluator_optimizer").get("min_score")
    if isinstance(score, int | float) and 0 <= score <= SHORT_SCALE and score is not True:
        told = f"is taken to be of {SHORT_SCALE}: {score * SHORT_SCALE:g} of 100"
        told += "; say so in `accept` to be sure"
        yield Finding(Severity.WARNING, (*CONFIG, "min_score"), told)
