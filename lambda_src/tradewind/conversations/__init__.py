"""Conversations: their turns in one table, appended one at a time by conditional writes."""
