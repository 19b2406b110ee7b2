"""Wakes behind turbines, and what they cost in energy."""
