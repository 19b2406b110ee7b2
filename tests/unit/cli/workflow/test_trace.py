"""``trace``: a run's trace as a page, and files that are none."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cli.__main__ import tradewind
from cli.workflow.traces import NoTrace, Trace, read_trace, rows
from cli.workflow.waterfall import MAKER, draw, readable_ms
from tests.unit.cli.workflow.traces import failed, span, trace
from tests.workflows import run as run_workflow
from tests.workflows import workflow
from tradewind.workflow.engine.trace import Trace as EngineTrace

_VOID = {"meta", "input"}


class Page(HTMLParser):
    """What a browser makes of a page: its elements, each closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.depths: list[int] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "details":
            self.depths.append(self.open.count("ol") - 1)
        if tag not in _VOID:
            self.open.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(data: dict[str, Any]) -> Page:
    read = Trace.model_validate_json(json.dumps(data))
    return Page(draw(read, rows(read)))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(tradewind, arguments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "brief-trace.json"
    file.write_text(json.dumps(trace(span("steps/0", "s0", attributes={"agent": "a"}))))
    return file


def test_a_run_is_drawn_with_its_spans_in_each_other(tmp_path: Path) -> None:
    spec = workflow(
        "parallel", {"branches": [{"id": one, "steps": [{"agent": "a"}] * 2} for one in "pq"]}
    )
    observer = EngineTrace(spec)
    run_workflow(spec, observer=observer)
    file = tmp_path / "t.json"
    file.write_text(json.dumps(observer.to_json()))
    result = run("trace", str(file))
    assert result.exit_code == 0
    assert result.output == f"7 spans, none failed: {tmp_path / 't.html'}\n"
    page = Page((tmp_path / "t.html").read_text())
    assert page.depths == [0, 1, 2, 2, 1, 2, 2]
    assert "script" not in page.tags


def test_spans_are_told_as_data(file: Path) -> None:
    result = run("trace", str(file), "--json")
    told = json.loads(result.output)
    assert [(one["name"], one["depth"]) for one in told["spans"]] == [
        ("execute.chain", 0),
        ("steps/0", 1),
    ]
    assert told["failed"] == 0
    assert not file.with_suffix(".html").exists()
    run("trace", str(file), "--json", "--out", str(file.with_name("own.html")))
    assert MAKER in file.with_name("own.html").read_text()


def test_a_page_replaces_a_page_and_nothing_else(file: Path) -> None:
    page = file.with_suffix(".html")
    for _ in "the first", "the second":
        assert run("trace", str(file)).exit_code == 0
    page.write_text("my own")
    result = run("trace", str(file))
    assert page.read_text() == "my own"
    assert "say --out" in str(result.exception)
    assert run("trace", str(file), "--out", str(page)).exit_code == 0
    assert MAKER in page.read_text()


def test_a_page_that_cannot_be_written_is_a_line(file: Path, tmp_path: Path) -> None:
    result = run("trace", str(file), "--out", str(tmp_path / "no" / "x.html"))
    assert "cannot be written: No such file" in str(result.exception)


def test_what_failed_is_said_and_not_only_colored() -> None:
    page = page_of(
        trace(
            span("branches/p", "p", **failed("p/0: the model refused")),
            span("branches/p/0", "p0", "p", **failed("the model refused")),
            span("branches/q", "q"),
        )
    )
    for name, said in (("branches/p", 1), ("branches/p/0", 1), ("branches/q", 0)):
        assert page.text.count(f"failed {name}\n") == said
    assert "p/0: the model refused" in page.text


def test_only_what_failed_can_be_looked_at() -> None:
    data = trace(span("p", "p"), span("p/0", "p0", "p", **failed("x")), span("q", "q"))
    read = Trace.model_validate_json(json.dumps(data))
    assert [(row.span.name, row.failed_below) for row in rows(read)] == [
        ("execute.chain", True),
        ("p", True),
        ("p/0", True),
        ("q", False),
    ]


HOSTILE = (
    "</style><script>alert(1)</script><img src=x onerror=alert(1)> \" ' {{ 7 * 7 }} \ud800 \u202e"
)


def test_whatever_a_trace_says_stays_text() -> None:
    event = {"name": HOSTILE, "timestamp": "2026-01-02T03:04:05Z", "attributes": {HOSTILE: HOSTILE}}
    hostile = span(
        HOSTILE, "s0", attributes={HOSTILE: [HOSTILE]}, events=[event], **failed(HOSTILE)
    )
    data = trace(hostile, spec_name=HOSTILE, pattern=HOSTILE, trace_id=HOSTILE)
    text = json.dumps(data).replace("\\ud800", "")
    read = Trace.model_validate_json(text)
    page = Page(draw(read, rows(read)))
    assert not {"script", "img"} & set(page.tags)
    assert page.tags.count("style") == 1
    assert "49" not in page.text


def test_every_span_is_within_the_axis() -> None:
    early: dict[str, Any] = {"start_time": "2026-01-02T03:04:00Z"}
    late: dict[str, Any] = {"start_time": "2026-01-02T03:04:10Z", "duration_ms": 0}
    event = {"name": "e", "timestamp": "1990-01-01T00:00:00Z", "attributes": {}}
    data = trace(span("a", "a", **early), span("b", "b", **late), span("c", "c", events=[event]))
    read = Trace.model_validate_json(json.dumps(data))
    text = draw(read, rows(read))
    for style in [part.split('"')[0] for part in text.split('style="left:')[1:]]:
        left, _, width = style.replace("%", "").partition(";width:")
        assert 0 <= float(left) <= 100
        assert float(left) + float(width or 0) <= 100.001


def test_deep_spans_end_and_are_all_there() -> None:
    chain = [span(f"s{n}", f"s{n}", f"s{n - 1}" if n else "root") for n in range(999)]
    page = page_of(trace(*chain))
    assert len(page.depths) == 1000
    assert max(page.depths) == 12


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no trace"),
        (b"{", "no trace"),
        (b"\xff\xfe", "no trace"),
        (b"[]", "no trace"),
        (b"{}", "/trace_id"),
        (b"[" * 100_000, "no trace"),
        (json.dumps(trace(spans=[])).encode(), "/spans"),
        (json.dumps(trace(*[span("x", str(n)) for n in range(1000)])).encode(), "/spans"),
        (json.dumps(trace(span("x", "root"))).encode(), "same id"),
        (json.dumps(trace(span("x", "x", "y"), span("y", "y", "x"))).encode(), "in itself"),
        (json.dumps(trace(span("x", "x", duration_ms=float("inf")))).encode(), "no trace"),
        (json.dumps(trace(span("x", "x", duration_ms=-1))).encode(), "/spans/1/duration_ms"),
        (json.dumps(trace(span("x", "x", start_time="today"))).encode(), "/spans/1/start_time"),
        (json.dumps(trace(span("x", "x", status="OK"))).encode(), "/spans/1/status"),
        (json.dumps(trace(span("\n\n", "x", events=3))).encode(), "/spans/1/events"),
        (b"version: 0\nname: brief\n", "no trace"),
    ],
)
def test_what_is_no_trace_is_refused_in_a_line(content: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_bytes(content)
    error = run("trace", str(file)).exception
    assert isinstance(error, NoTrace)
    assert error.status == 3
    assert told in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 400 + len(str(file))
    assert not file.with_suffix(".html").exists()


@pytest.mark.parametrize("name", ["gone.json", "a\0b.json", ".", "x" * 5000])
def test_what_is_not_there_is_a_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(NoTrace, match="cannot be read"):
        read_trace(tmp_path / name)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0"),
        (0.0412, "0.0412 ms"),
        (12.34, "12.3 ms"),
        (999.4, "999 ms"),
        (999.6, "1 s"),
        (59_990, "1 min"),
        (90_000, "1.5 min"),
        (3_600_000, "1 h"),
        (1e12, "277,778 h"),
    ],
)
def test_times_are_for_people(milliseconds: float, text: str) -> None:
    assert readable_ms(milliseconds) == text


_names = st.text(max_size=8)
_ids = st.sampled_from("abcdef")


@st.composite
def _traces(draw_: st.DrawFn) -> dict[str, Any]:
    spans = draw_(
        st.lists(
            st.builds(
                lambda name, own, parent, at, lasts, bad: span(
                    name,
                    own,
                    parent,
                    start_time=f"2026-01-02T03:04:{at:02}Z",
                    duration_ms=lasts,
                    **(failed(name) if bad else {}),
                ),
                _names,
                _ids,
                st.none() | _ids | st.just("root"),
                st.integers(0, 59),
                st.floats(0, 1e15),
                st.booleans(),
            ),
            max_size=6,
        )
    )
    return trace(*spans)


@settings(max_examples=60)
@given(_traces())
def test_any_trace_is_drawn_whole_or_refused(data: dict[str, Any]) -> None:
    try:
        page = page_of(data)
    except ValidationError:
        return
    assert len(page.depths) == len(data["spans"])
