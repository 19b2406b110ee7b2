"""Invocation records: what was asked of whom, how it ended, and the answer."""
