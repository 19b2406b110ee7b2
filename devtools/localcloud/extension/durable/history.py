"""The history of an execution: one event for each thing that happened, oldest first."""

from collections.abc import Mapping
from typing import Any

Event = dict[str, Any]

#: Where an event's data is, below its details.
_DATA = ("Input", "Result", "Error")


class History:
    """An append-only list of events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(
        self,
        kind: str,
        now: float,
        details: Mapping[str, Any],
        operation: Mapping[str, Any] | None = None,
    ) -> None:
        """Append an event.

        Args:
            kind: Its type, such as ``StepStarted``.
            now: When, in seconds since the epoch.
            details: Of the type; what is None is left out.
            operation: Whose event it is; None for the execution's own.
        """
        event: Event = {
            "EventId": len(self.events) + 1,
            "EventTimestamp": now,
            "EventType": kind,
            f"{kind}Details": {key: value for key, value in details.items() if value is not None},
        }
        for name in ("Id", "Name", "ParentId", "SubType"):
            if operation and operation.get(name):
                event[name] = operation[name]
        self.events.append(event)

    def read(self, *, with_data: bool, newest_first: bool) -> list[Event]:
        """The events in the order asked for, with their payloads only if asked for."""
        events = [event if with_data else _without_data(event) for event in self.events]
        return events[::-1] if newest_first else events


def data(payload: Any) -> dict[str, Any] | None:
    """A payload, or an error, as events carry it."""
    return None if payload is None else {"Payload": payload, "Truncated": False}


def _without_data(event: Event) -> Event:
    key = f"{event['EventType']}Details"
    details = {name: value for name, value in event[key].items() if name not in _DATA}
    return {**event, key: details}
