from pathlib import Path

import pytest

from devtools.cloudwatch.states import State
from devtools.cloudwatch.testfile import PlacedCase, read_test_file
from devtools.cloudwatch.yaml_document import TestFileError

GOOD = """\
# A comment.
tests:
  - name: It goes off
    alarm: app-errors
    series:
      Errors: 0x2 1
    expect: ALARM at 15m
  - name: It stays off
    alarm: [one, two]
    except: "*-three"
    every: 30s
    start: OK
    optional: true
    series: {Errors: 0x5, "Calls{Agent=a}": "[1*9 20]"}
    states:
      other: OKx2
    expect:
      - OK at 1m
      - never ALARM
"""


def read(tmp_path: Path, text: str) -> tuple[PlacedCase, ...]:
    file = tmp_path / "cases.yaml"
    file.write_text(text)
    return read_test_file(file)


def test_a_file(tmp_path: Path) -> None:
    first, second = read(tmp_path, GOOD)
    assert (first.line, second.line) == (3, 8)
    assert first.path == tmp_path / "cases.yaml"
    assert first.case.alarm == ("app-errors",)
    assert first.case.every_s is None
    assert first.case.start is State.INSUFFICIENT_DATA
    # Not 5, as YAML would have it.
    assert len(first.case.series["Errors"].values) == 3
    assert len(second.case.series["Errors"].values) == 5
    assert second.case.alarm == ("one", "two")
    assert second.case.excluded == ("*-three",)
    assert second.case.every_s == 30
    assert second.case.start is State.OK
    assert second.case.optional
    assert [e.text for e in second.case.expect] == ["OK at 1m", "never ALARM"]


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("    expect: ALARM at 15m\n", "", r":3: tests\[0\].expect is missing"),
        ("expect: ALARM", "expects: ALARM", r":7: tests\[0\].expects is not known here; known are"),
        ("tests:", "cases:", r":2: cases is not known here; known are tests"),
        ("0x2 1", "0y2 1", r":6: tests\[0\].series.Errors: '0y2' is no step of a series"),
        ("ALARM at 15m", "ALARM at 15", r":7: tests\[0\].expect\[0\]: '15' is no time"),
        ("every: 30s", "every: 30", r":11: tests\[1\].every: '30' is no time"),
        ("every: 30s", "every: 0", r":11: tests\[1\].every: every 0 s is not possible"),
        ("start: OK", "start: FINE", r":12: tests\[1\].start: 'FINE' is no state"),
        ("optional: true", "optional: yes", r":13: tests\[1\].optional: 'yes' is not known"),
        ("other: OKx2", "other: OK2", r":16: tests\[1\].states.other: 'OK2' is no state"),
        ("name: It goes off", "name: ''", r":3: tests\[0\].name: give a text that is not empty"),
        ("name: It goes off", "name: [a]", r":3: tests\[0\].name: give a text"),
        ("alarm: app-errors", "alarm: []", r":4: tests\[0\].alarm: give at least one"),
        ("alarm: app-errors", "alarm: {a: b}", r":4: tests\[0\].alarm: give a list"),
        ("Errors: 0x2 1", "Errors: [0]", r":6: tests\[0\].series.Errors: give a text, not a list"),
        ("      Errors: 0x2 1", "      - Errors", r":5: tests\[0\].series: give a mapping"),
        ("    alarm: app-errors", "    alarm: a\n    alarm: b", r":5: 'alarm' stands here twice"),
        ("    alarm: app-errors", "    [a]: b", r":4: a key must be a text"),
        ("- name: It goes off\n", "- name: It goes off\n  ", r"not valid YAML"),
    ],
)
def test_a_planted_mistake_is_found_with_its_line(
    tmp_path: Path, good: str, bad: str, message: str
) -> None:
    assert good in GOOD
    with pytest.raises(TestFileError, match=message) as refused:
        read(tmp_path, GOOD.replace(good, bad, 1))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a mapping with the key tests"),
        ("- a", "must be a mapping with the key tests"),
        ("tests: []", r":1: tests: give at least one"),
        ("tests: [a]", r":1: tests\[0\]: give a mapping"),
        ("tests: {a: b}", r":1: tests: give a list"),
        ("a: [", "not valid YAML"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("\x00", "not valid YAML"),
        ("[" * 5000, "nests too deep"),
        ("&a [*a]", "nests too deep"),
        # Ten aliases of ten aliases ...: a million parts in a few lines.
        (
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n"
                for a, b in ("ab", "bc", "cd", "de", "ef")
            ),
            "holds too much",
        ),
        ("x" * 1_000_001, "larger than"),
    ],
)
def test_hostile_and_empty_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TestFileError, match=message):
        read(tmp_path, text)


def test_a_tag_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(TestFileError):
        read(tmp_path, f"!!python/object/apply:pathlib.Path.touch ['{marker}']")
    assert not marker.exists()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TestFileError, match="cannot be read: No such file"):
        read_test_file(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(TestFileError, match="not valid YAML"):
        read_test_file(tmp_path / "bytes.yaml")


def test_a_series_that_comes_late(tmp_path: Path) -> None:
    [placed] = read(
        tmp_path,
        """\
tests:
  - name: It goes off late
    alarm: a
    series: {Errors: {values: 0 1, takes: 400s, delay: 1m}, Calls: 1x2}
    expect: always OK
""",
    )
    late, at_once = placed.case.series["Errors"], placed.case.series["Calls"]
    assert (len(late.values), late.late_s) == (2, 460)
    assert at_once.late_s == 0
