"""``python -m devtools.runtime_conformance --runtime FOLDER``: check a runtime, line by line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from devtools.runtime_conformance.checks import CHECKS, whole_answers_are_untouched
from devtools.runtime_conformance.process import FUNCTION, runtime_process


def main() -> int:
    """Run the checks; 1 when one fails."""
    parser = argparse.ArgumentParser(prog="runtime_conformance", description=__doc__)
    parser.add_argument(
        "--runtime",
        type=Path,
        action="append",
        required=True,
        help="a folder that the runtime, or what it needs, is installed in; may be repeated",
    )
    parser.add_argument(
        "--function",
        type=Path,
        default=FUNCTION,
        help="the folder of an app.py that understands the checks' events",
    )
    arguments = parser.parse_args()
    folders = [folder.resolve() for folder in arguments.runtime]
    failed = 0
    for check in CHECKS:
        with runtime_process(folders, function=arguments.function.resolve()) as runtime:
            failed += _report(check.__name__, lambda: check(runtime))  # noqa: B023  called at once
    if arguments.function == FUNCTION:
        with (
            runtime_process(folders) as hooked,
            runtime_process(folders, CONFORMANCE_UNHOOKED="1") as plain,
        ):
            name = whole_answers_are_untouched.__name__
            failed += _report(name, lambda: whole_answers_are_untouched(hooked, plain))
    return 1 if failed else 0


def _report(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:
        print(f"FAILED  {name}: {type(error).__name__}: {error}")
        return True
    print(f"ok      {name}")
    return False


if __name__ == "__main__":
    sys.exit(main())
