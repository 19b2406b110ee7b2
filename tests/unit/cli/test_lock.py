"""A command that deploys holds a lock."""

from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.lock import lock


def test_a_second_command_is_told_to_wait_and_a_later_one_is_not(tmp_path: Path) -> None:
    second = lock(tmp_path)
    with lock(tmp_path), pytest.raises(CommandError, match="Wait until it is done"):
        second.__enter__()
    with lock(tmp_path):
        pass


def test_a_command_that_failed_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError), lock(tmp_path):
        raise KeyError
    with lock(tmp_path):
        pass
