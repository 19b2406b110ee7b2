"""Runs a workflow: patterns, limits, pauses and results, over whatever agents it is given."""
