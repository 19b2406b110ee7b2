"""Workflow files on the command line: what is wrong with them, and what they would do."""
