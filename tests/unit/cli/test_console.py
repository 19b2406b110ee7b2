"""Steps are shown as they end, also when they fail."""

import pytest

from cli.console import Steps


def test_a_step_shows_its_result_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps().step("Do the work") as step:
        step.result = "42 things"
    line = capsys.readouterr().err
    assert "done Do the work" in line
    assert " s  42 things" in line


def test_a_failing_step_says_so_and_lets_the_error_through(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyError), Steps().step("Do the work"):
        raise KeyError("x")
    assert "failed Do the work" in capsys.readouterr().err


def test_a_long_step_says_what_it_is_at(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.console._STILL_WORKING_S", 0.01)
    steps = Steps()
    with steps.step("Do the work") as step:
        step.note = "half way"
        while "half way" not in capsys.readouterr().err:
            pass


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"])
def test_no_colour_codes_reach_a_log(
    variable: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    with Steps().step("Do the work") as step:
        step.result = "42 things"
    assert "\x1b" not in capsys.readouterr().err
