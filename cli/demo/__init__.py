"""``tradewind demo``: deploy, ask every agent cold and warm, and leave a folder to look at.

``chain`` asks, ``run`` is the whole of it, ``result`` is what came of it; ``front_page`` and
``console`` show that.
"""
