"""The terrain agent's tools."""
