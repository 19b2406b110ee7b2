"""Warm invocations of every deployed function; see ``bench.warm.__main__``."""
