"""Commands that deploy take turns."""

from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.turns import own_turn


def test_a_second_command_is_told_to_wait_and_a_later_one_is_not(tmp_path: Path) -> None:
    second = own_turn(tmp_path)
    with own_turn(tmp_path), pytest.raises(CommandError, match="Wait until it is done"):
        second.__enter__()
    with own_turn(tmp_path):
        pass


def test_a_command_that_failed_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError), own_turn(tmp_path):
        raise KeyError
    with own_turn(tmp_path):
        pass
