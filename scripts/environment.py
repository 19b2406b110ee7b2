"""The environment of every process that the project starts: names that are allowed, no others.

A developer's shell may name a profile, a proxy, an endpoint or an option of Node or Python that
leads elsewhere or breaks what is started. Listing those is hopeless; listing what is needed is not.
Standard library only, any Python from 3.11 on: setting up needs it as well.

Usage: python3 -E scripts/environment.py COMMAND [ARGUMENT ...]
runs a command with what it needs to set the project up.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: What a program needs to run and to speak to a person.
_PROGRAM: Final = (
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|TERM|COLUMNS|LINES|TMPDIR|NO_COLOR"
    r"|XDG_(CACHE|CONFIG|DATA|STATE)_HOME"
    # Where the dynamic linker and the C library find what this machine keeps elsewhere.
    r"|LD_LIBRARY_PATH|LOCALE_ARCHIVE|NIX_LD|NIX_LD_LIBRARY_PATH"
)
#: How this machine reaches anything beyond it.
_NETWORK: Final = (
    r"(HTTP|HTTPS|ALL|NO)_PROXY|(http|https|all|no)_proxy"
    r"|SSL_CERT_(FILE|DIR)|NIX_SSL_CERT_FILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
)
#: Where Python packages, and a Python, come from.
_PYTHON_PACKAGES: Final = (
    r"PIP_(CONFIG_FILE|(EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|TRUSTED_HOST|PROXY|CERT|CLIENT_CERT"
    r"|CACHE_DIR|NO_CACHE_DIR|(DEFAULT_)?TIMEOUT|RETRIES|KEYRING_PROVIDER)"
    r"|UV_(CONFIG_FILE|(DEFAULT_|EXTRA_)?INDEX(_URL|_STRATEGY)?|INDEX_\w+_(USERNAME|PASSWORD)"
    r"|NO_INDEX|FIND_LINKS|INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|CACHE_DIR|LINK_MODE|OFFLINE"
    r"|HTTP_TIMEOUT|HTTP_RETRIES|KEYRING_PROVIDER|CREDENTIALS_DIR|CONCURRENT_\w+"
    r"|PYTHON_(INSTALL_DIR|INSTALL_MIRROR|DOWNLOADS|DOWNLOADS_JSON_URL))"
    r"|NETRC|PYENV_ROOT|ASDF_(DIR|DATA_DIR)"
)
#: Where Node packages come from; npm takes its settings in either case.
_NODE_PACKAGES: Final = (
    r"(?i:npm_config_(registry|userconfig|globalconfig|cache|ca|cafile|cert|key|strict_ssl"
    r"|proxy|https_proxy|no_?proxy|fetch_\w+|maxsockets|@.*|//.*))"
    r"|NPM_TOKEN|NODE_AUTH_TOKEN"
)
#: A developer's own AWS account.
_AWS: Final = r"AWS_\w+"

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def for_this_machine(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For a process that has no business beyond this machine."""
    return _allowed(environ, _PROGRAM)


def for_packages(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For a process that installs Python packages, too."""
    return _beside_proxies(_allowed(environ, _PROGRAM, _NETWORK, _PYTHON_PACKAGES))


def for_setup(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For setting the project up: Python packages and Node's."""
    return _beside_proxies(_allowed(environ, _PROGRAM, _NETWORK, _PYTHON_PACKAGES, _NODE_PACKAGES))


def for_account(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For a process that calls a developer's own AWS account, as their settings say."""
    return _beside_proxies(_allowed(environ, _PROGRAM, _NETWORK, _AWS))


def with_home(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Give ``environment`` a home folder of its own, and leave uv what it keeps in the user's.

    Programs read files such as ``~/.cdk.json`` unasked.
    """
    users = Path(environment.get("HOME") or Path.home())
    kept = {
        "XDG_CACHE_HOME": users / ".cache",
        "XDG_CONFIG_HOME": users / ".config",
        "XDG_DATA_HOME": users / ".local" / "share",
        "NETRC": users / ".netrc",
    }
    return {**{name: str(path) for name, path in kept.items()}, **environment, "HOME": str(home)}


def _allowed(environ: Mapping[str, str], *patterns: str) -> dict[str, str]:
    names = re.compile("|".join(patterns))
    return {name: value for name, value in environ.items() if names.fullmatch(name)}


def _beside_proxies(environment: dict[str, str]) -> dict[str, str]:
    """Keep loopback off the proxies, for every spelling of a variable that a program may read."""
    listed = (environment.get(name, "").split(",") for name in ("NO_PROXY", "no_proxy"))
    hosts = [host.strip() for hosts in listed for host in hosts if host.strip()]
    direct = ",".join(dict.fromkeys([*hosts, *_LOOPBACK]))
    return {**environment, "NO_PROXY": direct, "no_proxy": direct}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    try:
        os.execvpe(sys.argv[1], sys.argv[1:], for_setup())  # noqa: S606  our own Makefile's command
    except OSError as error:
        sys.exit(f"{sys.argv[1]} cannot be run: {error.strerror}")
    except ValueError as error:  # an empty name
        sys.exit(f"{sys.argv[1]!r} cannot be run: {error}")
