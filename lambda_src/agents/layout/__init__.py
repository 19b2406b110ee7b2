"""The layout agent."""
