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
