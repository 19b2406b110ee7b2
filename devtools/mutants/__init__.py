"""Small changes planted in modules, to see whether the tests notice."""
