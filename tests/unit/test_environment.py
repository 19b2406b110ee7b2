"""What a started process is given is what is listed, whatever a developer's shell holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.environment import (
    for_account,
    for_packages,
    for_setup,
    for_this_machine,
    with_home,
)
from tests.hostile import HOSTILE

PROJECT = Path(__file__).resolve().parents[2]
NEEDED = {"PATH": "/bin", "HOME": "/home/me", "TMPDIR": "/scratch", "LANG": "C", "TERM": "xterm"}
REGISTRY = {
    "UV_DEFAULT_INDEX": "https://registry/simple",
    "UV_INDEX_OURS_PASSWORD": "secret",
    "UV_CACHE_DIR": "/cache",
    "PIP_INDEX_URL": "https://registry/simple",
    "SSL_CERT_FILE": "/ca.pem",
    "HTTPS_PROXY": "http://proxy:3128",
}
NPM = {"npm_config_registry": "https://registry/npm", "NPM_CONFIG_CAFILE": "/ca.pem"}
ACCOUNT = {"AWS_PROFILE": "me", "AWS_USE_FIPS_ENDPOINT": "true"}
ALL = {**HOSTILE, **NEEDED, **REGISTRY, **NPM, **ACCOUNT}


def test_nothing_hostile_reaches_a_process_of_this_machine() -> None:
    assert for_this_machine(ALL) == NEEDED


def test_installing_python_packages_reaches_the_registry_and_loopback_directly() -> None:
    given = for_packages({**NEEDED, **REGISTRY, **ACCOUNT, **NPM, "NO_PROXY": "intranet"})
    direct = "intranet,127.0.0.1,localhost,::1"
    assert given == {**NEEDED, **REGISTRY, "NO_PROXY": direct, "no_proxy": direct}


def test_both_spellings_of_no_proxy_count() -> None:
    given = for_packages({"NO_PROXY": "a, b", "no_proxy": "b,c,127.0.0.1"})
    assert given["NO_PROXY"] == given["no_proxy"] == "a,b,c,127.0.0.1,localhost,::1"


def test_setting_up_reaches_npms_registry_too() -> None:
    assert (
        for_setup({**NEEDED, **NPM, "npm_config_omit": "dev"}).items() >= {**NEEDED, **NPM}.items()
    )
    assert "npm_config_omit" not in for_setup(ALL)
    assert "NODE_ENV" not in for_setup(ALL)


def test_an_account_is_reached_as_its_owner_set_it_up() -> None:
    given = for_account(ALL)
    assert given.items() >= {**NEEDED, **ACCOUNT}.items()
    assert not any(name.startswith(("NODE", "PYTHON", "CDK")) for name in given)


def test_a_home_of_its_own_leaves_uv_what_is_the_users() -> None:
    given = with_home({"HOME": "/home/me", "XDG_CACHE_HOME": "/cache"}, Path("/own"))
    assert given["HOME"] == "/own"
    assert given["XDG_CACHE_HOME"] == "/cache"
    assert given["XDG_CONFIG_HOME"] == "/home/me/.config"
    assert given["NETRC"] == "/home/me/.netrc"


def test_a_command_runs_with_what_setting_up_needs() -> None:
    command = [sys.executable, "-E", "scripts/environment.py", "/usr/bin/env"]
    hostile = {**HOSTILE, "PATH": os.environ["PATH"], "UV_CACHE_DIR": "/cache"}
    done = subprocess.run(
        command, cwd=PROJECT, env=hostile, capture_output=True, text=True, check=True
    )
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert {"PATH", "UV_CACHE_DIR", "NO_PROXY"} <= names
    assert not names & {"NODE_ENV", "NODE_OPTIONS", "PYTHONHOME", "AWS_PROFILE", "UV_TARGET"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Usage"),
        (["no-such-command"], "no-such-command cannot be run: No such file"),
        ([""], "'' cannot be run: "),
    ],
)
def test_a_command_that_cannot_be_run_is_told(arguments: list[str], words: str) -> None:
    command = [sys.executable, "-E", "scripts/environment.py", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
