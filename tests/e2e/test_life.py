"""The life of an environment: created, failed half-way, changed, destroyed, and created again."""

from pathlib import Path

import pytest

from tests.e2e.life import life


@pytest.mark.parametrize("keep_data", [False, True])
def test_a_life(tmp_path: Path, keep_data: bool) -> None:
    with life(tmp_path, keep_data=keep_data) as one:
        print(one.deploy()[-3000:])
        print(one.statuses())
        print(one.destroy("--protected")[-3000:])
        print(one.statuses())
        print(one.deploy()[-3000:])
        print(one.statuses())
