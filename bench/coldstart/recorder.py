"""Runs Lambda's runtime, and notes which modules a function imports and what asked for each.

A program of its own, in the function's process: ``recorder.py FILE HANDLER``. FILE is JSON: the
modules there are when the function asks for an event, but for the runtime's own, each with the
module that asked for it first. It is written anew for each event.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

#: Files whose frames are the import's own, ours that imports a package's names later among them.
_IMPORT_SYSTEM: Final = (
    "<frozen importlib",
    "importlib/__init__.py",
    "tradewind/run/lazy_packages.py",
    __file__,
)


class _Notes:
    """A finder that finds nothing: it only sees who looks for what."""

    def __init__(self) -> None:
        self.askers: dict[str, str] = {}

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        frame = sys._getframe(1)
        while frame.f_back is not None and any(
            part in frame.f_code.co_filename for part in _IMPORT_SYSTEM
        ):
            frame = frame.f_back
        self.askers.setdefault(name, frame.f_globals.get("__name__", ""))


def main(file: Path, handler: str) -> None:
    """Serve events until this process is ended."""
    from awslambdaric import bootstrap  # noqa: PLC0415  the runtime's own come first
    from awslambdaric.lambda_config import LambdaConfigProvider  # noqa: PLC0415
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient  # noqa: PLC0415

    own = set(sys.modules)
    notes = _Notes()
    sys.meta_path.insert(0, notes)

    wait_next = LambdaRuntimeClient.wait_next_invocation

    def wait_next_invocation(self: Any) -> Any:
        imported = sorted(set(sys.modules) - own)
        file.write_text(json.dumps({name: notes.askers.get(name, "") for name in imported}))
        return wait_next(self)

    LambdaRuntimeClient.wait_next_invocation = wait_next_invocation
    config = LambdaConfigProvider(["", handler])
    bootstrap.run(handler, LambdaRuntimeClient(config.api_address, config.use_thread_polling))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
