"""What this account may have, which on AWS nobody knows but the account.

A file in the home folder says it, and may be changed at any time. Without one, it is an account
that has been in use for long; a new one is
``{"concurrent_executions": 10, "function_memory_mb": 3008}``.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

FILE: Final = "account.json"


@dataclass(frozen=True)
class Account:
    """Limits of an account in a region.

    Attributes:
        concurrent_executions: Of all functions together.
        function_memory_mb: Of a function at most.
        code_bytes: Of all functions' packages together, each version's counted.
        roles: How many roles it may have.
        models_without_access: Foundation models that nobody has agreed to the terms of.
    """

    concurrent_executions: int = 1_000
    function_memory_mb: int = 10_240
    code_bytes: int = 80_530_636_800
    roles: int = 1_000
    models_without_access: tuple[str, ...] = ()

    @property
    def unreserved(self) -> int:
        """Executions that stay for functions without a reservation."""
        return min(100, self.concurrent_executions)

    @classmethod
    def of(cls, home: Path) -> Self:
        """The account of a home folder, as its file says now.

        Raises:
            ValueError: The file says something else.
        """
        file = home / FILE
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        known = {one.name: type(one.default) for one in fields(cls)}
        if not isinstance(said, dict) or (unknown := said.keys() - known.keys()):
            names = ", ".join(sorted(unknown)) if isinstance(said, dict) else "no mapping"
            raise ValueError(f"{file}: {names}; known are {', '.join(known)}")
        models = said.pop("models_without_access", [])
        if not all(type(value) is int and value >= 0 for value in said.values()) or not (
            isinstance(models, list) and all(isinstance(one, str) for one in models)
        ):
            raise ValueError(f"{file}: limits are whole numbers, and models a list of ids")
        return cls(**said, models_without_access=tuple(models))
