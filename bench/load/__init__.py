"""Callers of the deployed API by the hundred, functions that are killed, and what is left."""
