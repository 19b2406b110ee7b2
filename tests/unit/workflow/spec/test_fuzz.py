"""Examples, changed at random: whatever a file says, it is read, and each mistake has its place."""

import copy
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.workflow.explanation import as_text
from cli.workflow.plans import as_data, planned
from tradewind.workflow.spec.loader import load

EXAMPLES = sorted((Path(__file__).resolve().parents[4] / "examples" / "workflows").glob("*.yaml"))
TEXTS = [file.read_text(encoding="utf-8") for file in EXAMPLES]
DATA = [yaml.safe_load(text) for text in TEXTS]
PLACE = re.compile(r".+:\d+:\d+: (error|warning|missing input|undefined name|unsupported): ")
STATUSES = {0, 3, 18}

_odd: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, -1, 0, 1e308, 10**30, "", " ", "\u202e", "a" * 300, [], {}, [[]], {"": {}}),
        *("{{", "{{ x }}", "{% for a in b %}", "{{ ''.__class__ }}", "(", "../../etc", "\x00"),
        *(
            "$TRACE",
            "hitl",
            "bedrock",
            "http://169.254.169.254",
            {"$ref": "x.yaml"},
            {"type": "hitl"},
        ),
        *(["a"] * 30, {"when": "else", "to": "a"}, {"agent": "a", "input": 3}, "else", "tasks.x.y"),
    ]
)


@st.composite
def changed_data(draw: st.DrawFn) -> Any:
    """An example with some of its values replaced, dropped, doubled or moved."""
    data = json.loads(json.dumps(draw(st.sampled_from(DATA)), default=str))
    for _ in range(draw(st.integers(1, 4))):
        places = [*_places(data)]
        holder, key = draw(st.sampled_from(places))
        match draw(st.integers(0, 3)):
            case 0:
                holder[key] = copy.deepcopy(draw(_odd))
            case 1:
                del holder[key]
            case 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _:
                other, place = draw(st.sampled_from(places))
                if place in other if isinstance(other, dict) else place < len(other):
                    holder[key] = copy.deepcopy(other[place])
        if not data:
            break
    return data


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in list(items):
        yield value, key
        if isinstance(one, dict | list):
            yield from _places(one)


@st.composite
def changed_text(draw: st.DrawFn) -> bytes:
    """An example's bytes with some cut out, put in or repeated."""
    text = draw(st.sampled_from(TEXTS)).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        put = draw(st.sampled_from([b"", b"&a ", b"*a", b"<<: ", b"- ", b": ", b"\t", b'"', b"{", b"]", b"\xff", b"!!x ", b"|\n", b"---\n", text[start:end] * 3]) | st.binary(max_size=4))  # fmt: skip  # noqa: E501
        text = text[:start] + put + text[end:]
    return text


def _holds(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        loaded = load(file)
        assert loaded.status(to_run=False) in STATUSES
        assert loaded.status(to_run=True) in STATUSES
        for problem in loaded.problems:
            assert PLACE.match(str(problem)), str(problem)
            assert "\n" not in str(problem)
        assert (loaded.spec is None) == any(str(one.severity) == "error" for one in loaded.problems)
        if loaded.spec is not None:
            assert as_text(loaded)
            assert as_data(planned(loaded))


@settings(max_examples=120)
@given(changed_data())
def test_whatever_a_file_holds_it_is_read(data: Any) -> None:
    _holds("flow.json", json.dumps(data).encode())


@settings(max_examples=80)
@given(changed_text())
def test_whatever_a_files_bytes_are_it_is_read(content: bytes) -> None:
    _holds("flow.yaml", content)
