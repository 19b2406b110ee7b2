"""What exists in the account: settings, names, one module per stack, constructs under ``parts``."""
