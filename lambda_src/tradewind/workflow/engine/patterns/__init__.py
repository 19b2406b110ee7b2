"""The seven patterns: a module each, a function each."""
