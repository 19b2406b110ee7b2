"""Secrets of a run: where the file may use them, and nowhere else."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from tradewind.telemetry.workflow_redaction import HIDDEN
from tradewind.workflow.engine.errors import InvalidRun
from tradewind.workflow.spec.model import Env
from tradewind.workflow.spec.problem import shown

_REFERENCE: Final = re.compile(r"\$\{([^${}]*)\}")
#: Variables whose values are secrets, declared or not.
_SECRET_NAME: Final = re.compile(r"(?i)(^|_|api)(key|token|secret|password)$")
#: Shorter values are in too many texts by chance.
_SHORTEST: Final = 6


class Secrets:
    """What a run's files and environment hold that is nobody else's to see.

    Args:
        env: What the file declares.
        environ: The environment.
    """

    def __init__(self, env: Env, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._variables = {secret.key: secret.key for secret in env.secrets}
        self._variables |= {secret.name: secret.key for secret in env.secrets if secret.name}
        declared = {environ.get(key, "") for key in self._variables.values()}
        named = {value for name, value in environ.items() if _SECRET_NAME.search(name)}
        self._hidden: set[str] = set()
        for value in declared | named:
            self._hide_from_now_on(value)

    def get(self, variable: str) -> str | None:
        """A variable's value; None where it is not set, or empty."""
        return self._environ.get(variable) or None

    def filled(self, text: str, where: str) -> str:
        """A text of the file with values in the place of ``${NAME}``.

        Args:
            text: The text.
            where: Where it stands, for a message.

        Raises:
            InvalidRun: A variable is not set, or cannot be sent in a header.
        """
        return _REFERENCE.sub(lambda match: self._value(match[1], where), text)

    def _value(self, name: str, where: str) -> str:
        variable = self._variables.get(name, name)
        value = self.get(variable)
        if value is None:
            raise InvalidRun(f"{where}: {shown(variable)} is not set in the environment")
        if not value.isprintable():
            raise InvalidRun(f"{where}: the value of {shown(variable)} is more than one line")
        self._hide_from_now_on(value)
        return value

    def _hide_from_now_on(self, value: str) -> None:
        if len(value) >= _SHORTEST:
            self._hidden.update(_spellings(value))

    def hide(self, text: str) -> str:
        """A text without the secrets."""
        for value in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text


def _spellings(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="")
