"""The simulation agent."""
