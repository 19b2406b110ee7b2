"""The assistant agent."""
