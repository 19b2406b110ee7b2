"""The terrain agent."""
