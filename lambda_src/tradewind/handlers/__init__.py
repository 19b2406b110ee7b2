"""Lambda entry points: parse the event, call one service, map errors to answers."""
