"""Facts read as people say them."""

import math
from typing import Any

import pytest

from cli.demo.facts import key_facts, readable, sentence, words


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("buildable_km2", 21.875, "buildable 21.88 km²"),
        ("aep_gwh", 463.29474005, "annual energy 463.3 GWh"),
        ("aep_gwh", 12463.2, "annual energy 12,463 GWh"),
        ("mean_wind_speed_m_per_s", 8.32, "mean wind speed 8.32 m/s"),
        ("main_wind_direction_degrees", 270.0, "main wind direction 270 °"),
        ("capacity_factor", 0.523121, "capacity factor 0.523"),
        ("turbines_placed", 1030, "turbines placed 1,030"),
        ("wake_loss_percent", 0.0, "wake loss 0 %"),
        ("loss_percent", -3.1444, "loss -3.14 %"),
        ("cable_m", 100.0, "cable 100 m"),
        ("feasible", True, "feasible yes"),
        ("voltage_kv", None, "voltage - kV"),
        ("routes", ["a", 2], 'routes ["a", 2]'),
        ("odd", math.inf, "odd inf"),
        ("odd", math.nan, "odd nan"),
        ("_m", 3, "m 3"),
        ("note", "\x1b[31mred\nline\u202e", "note  [31mred line "),
        ("a\x07b", "half \ud800", "a b half  "),
        ("", "x", "x"),
    ],
)
def test_a_fact_is_read_for_label_unit_and_value(name: str, value: Any, shown: str) -> None:
    assert str(readable(name, value)) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    shown = readable("note", "x" * 5000).value
    assert len(shown) < 300
    assert shown.endswith("…")


def test_a_sentence_takes_the_first_ones() -> None:
    assert sentence({"a": 1, "b_km": 2, "c": 3}, at_most=2) == "a 1, b 2 km"
    assert sentence({}) == ""


def test_insiders_words_are_spelled_out() -> None:
    assert words("aep_per_turbine") == "annual energy per turbine"


def test_key_facts_are_those_that_a_later_agent_took_up_with_their_last_value() -> None:
    chain = [{"land": 28, "free": 21}, {"turbines": 30}, {"free": 20, "turbines": 30}]
    assert key_facts(chain) == {"free": 20, "turbines": 30}


def test_where_nobody_took_any_up_the_first_ones_are_key() -> None:
    assert key_facts([{f"fact{number}": number for number in range(9)}]) == {
        f"fact{number}": number for number in range(6)
    }
    assert key_facts([]) == {}
