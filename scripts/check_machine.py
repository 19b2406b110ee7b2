"""Say in a line what this machine lacks to set Tradewind up on.

Usage: python3 -E scripts/check_machine.py

Written for any Python 3: one that is too old must be told so, not stumble over the syntax.
"""

import os
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)
#: What setting up, a first build and a demo leave in the project's folder, and something to spare.
NEEDED_BYTES = 3 * 10**9


def lacking(version, free_bytes, has_venv):
    """Return what is missing in a line, or an empty text."""
    if version < OLDEST:
        is_old = (
            "Tradewind needs Python {}.{} or newer; {} is {}.{}. Try make PYTHON=/path/to/python3"
        )
        return is_old.format(OLDEST[0], OLDEST[1], sys.executable, version[0], version[1])
    if not has_venv:
        return "Python lacks its venv module; on Debian or Ubuntu: apt-get install python3-venv"
    if free_bytes < NEEDED_BYTES:
        is_full = "Tradewind needs about {:.0f} GB in {}; {:.1f} GB are free there."
        return is_full.format(NEEDED_BYTES / 1e9, PROJECT, free_bytes / 1e9)
    return ""


def _has_venv():
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def _free_bytes():
    disk = os.statvfs(PROJECT)
    return disk.f_bavail * disk.f_frsize


if __name__ == "__main__":
    missing = lacking(tuple(sys.version_info[:2]), _free_bytes(), _has_venv())
    sys.exit("Error: " + missing if missing else 0)
