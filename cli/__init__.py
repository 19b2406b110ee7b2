"""The ``tradewind`` command."""
