"""What MiniStack lacks. Works on its internals, so MiniStack is pinned to the version it fits.

Nothing here pretends: what cannot be honoured is refused by name.
"""
