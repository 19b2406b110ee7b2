"""A Python of the functions' version is found, or the reason why there is none is told."""

import sys
from pathlib import Path

import pytest

from scripts import find_python

REFUSED = """
error: Failed to install cpython-3.99.1-linux
  cause: Request failed after 3 retries in 5.9s
  cause: Failed to download `https://pythons.example/releases/3.99.tar.gz`
  cause: failed to lookup address information
""".lstrip()


def search(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uv: str
) -> tuple[int, str, str]:
    """Look for a version that no machine has."""
    monkeypatch.setattr(find_python, "VERSION", "3.99")
    monkeypatch.setattr(sys, "argv", ["find_python.py", uv])
    status = find_python.main()
    told = capsys.readouterr()
    return status, told.out, told.err


def make_uv(folder: Path, *, found: str = "", said: str = "") -> str:
    """A uv that installs nothing, finds ``found`` and says ``said``."""
    program = folder / "uv"
    program.write_text(
        f'#!/bin/sh\nif [ "$2" = find ]; then printf "%s" "{found}"; else\n'
        f"cat >&2 <<'END'\n{said}END\nexit 1; fi\n"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            REFUSED,
            "uv could not download one from pythons.example (failed to lookup address information)",
        ),
        ("Python downloads are off\n", "uv could not bring one (Python downloads are off)"),
        ("", "uv could not bring one"),
    ],
)
def test_why_there_is_none_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    said: str,
    reason: str,
) -> None:
    status, out, err = search(monkeypatch, capsys, make_uv(tmp_path, said=said))
    assert (status, out) == (1, "")
    assert err == (
        "Tradewind needs a Python 3.99, which its Lambdas run on: there is none on this machine, "
        f"and {reason}. Install your distribution's python3.99, or run `pyenv install 3.99`, and "
        "try again.\n"
    )


def test_another_version_is_never_taken_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Byte code of another minor version is of no use to a function."""
    status, out, err = search(monkeypatch, capsys, make_uv(tmp_path, found=sys.executable))
    assert (status, out) == (1, "")
    assert "Python 3.99" in err


def test_what_uv_brought_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    python = tmp_path / "python3.99"
    python.write_text("#!/bin/sh\necho 3.99\n")
    python.chmod(0o755)
    status, out, err = search(monkeypatch, capsys, make_uv(tmp_path, found=str(python)))
    assert (status, out, err) == (0, f"{python}\n", "")


@pytest.mark.parametrize(("version", "runs"), [("3.12", True), ("3.99", False)])
def test_one_that_is_not_needed_is_found_or_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str, runs: bool
) -> None:
    """Durable functions' Python: the interpreter itself, whose shim no empty environment runs."""
    monkeypatch.setattr(sys, "argv", ["find_python.py", "--if-there", version])
    assert find_python.main() == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert bool(told.out) is runs
    if runs:
        assert "shims" not in told.out
        assert Path(told.out).is_file()
