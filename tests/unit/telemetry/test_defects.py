"""A defect is logged by its places; its words may be somebody's."""

import json

import pytest

from tradewind.telemetry.defects import log_defect


def look_up() -> None:
    raise KeyError("prompt of jane.doe")


def fail() -> None:
    try:
        look_up()
    except KeyError as error:
        raise RuntimeError("could not answer: prompt of jane.doe") from error


def test_types_and_places_are_logged_and_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError) as raised:
        fail()
    log_defect("Unexpected error", raised.value)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["message"]) == ("ERROR", "Unexpected error")
    runtime_error, key_error = line["error_causes"]
    assert runtime_error.startswith("builtins.RuntimeError\n")
    assert key_error.startswith("builtins.KeyError\n")
    assert "test_defects.py" in key_error
    assert key_error.endswith(" look_up")
    assert "jane" not in json.dumps(line)


def logged(error: BaseException, capsys: pytest.CaptureFixture[str]) -> list[str]:
    log_defect("Unexpected error", error)
    text = capsys.readouterr().out
    assert "jane" not in text
    assert len(text) < 50_000
    causes: list[str] = json.loads(text)["error_causes"]
    return causes


def test_what_was_being_handled_is_logged_where_no_cause_is_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        try:
            look_up()
        except KeyError:
            raise ValueError("jane.doe")  # noqa: B904  a cause that was forgotten
    except ValueError as error:
        value_error, key_error = logged(error, capsys)
    assert value_error.startswith("builtins.ValueError\n")
    assert key_error.startswith("while handling builtins.KeyError\n")
    assert key_error.endswith(" look_up")


def test_what_was_hidden_on_purpose_stays_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    def hide() -> None:
        try:
            look_up()
        except KeyError:
            raise ValueError("jane.doe") from None

    with pytest.raises(ValueError, match="jane") as raised:
        hide()
    assert len(logged(raised.value, capsys)) == 1


def test_each_member_of_a_group_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    members: list[Exception] = []
    for fails in (fail, look_up):
        try:
            fails()
        except Exception as error:
            members.append(error)
    causes = logged(ExceptionGroup("jane.doe", members), capsys)
    assert [cause.partition("\n")[0] for cause in causes] == [
        "builtins.ExceptionGroup",
        "in the group builtins.RuntimeError",
        "in the group builtins.KeyError",
        "builtins.KeyError",
    ]


def test_a_circle_and_a_deep_recursion_are_logged_in_bounds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def deeper(level: int) -> None:
        deeper(level + 1)

    first, second = ValueError("jane.doe"), ValueError("jane.doe")
    first.__cause__, second.__cause__ = second, first
    assert len(logged(first, capsys)) == 2
    try:
        deeper(0)
    except RecursionError as error:
        [cause] = logged(error, capsys)
    assert len(cause.splitlines()) == 32
    many = [ValueError("jane.doe") for _ in range(500)]
    assert len(logged(ExceptionGroup("jane.doe", many), capsys)) == 12


def test_a_name_that_no_programmer_wrote_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    made = type("jane_doe", (LookupError,), {})
    assert logged(made("x"), capsys) == ["builtins.LookupError, one of its kind"]
    try:
        exec(compile("1 / 0", "a file of jane.doe", "exec"))  # noqa: S102  as template engines do
    except ZeroDivisionError as error:
        [cause] = logged(error, capsys)
    assert "(a name that is left out):1" in cause
