"""Constructs, one capability each. They take values and never ask which environment they are in."""
