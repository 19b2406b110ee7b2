"""Workflow files as an agent's function serves them: requests, pauses, artifacts, single calls."""
